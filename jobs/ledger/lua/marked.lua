-- The next indexes that bear a mark.
-- job mark from limit
local key, index, limit, found = K(A(1), A(2)), tonumber(A(3)), tonumber(A(4)), {}
while #found < limit do
  index = redis.call('BITPOS', key, 1, int(index), -1, 'BIT')
  if index < 0 then break end
  found[#found + 1] = index
  index = index + 1
end
return found
