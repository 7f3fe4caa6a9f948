-- The next indexes that have an outcome, for pages of results; skips over open stretches without reading them.
-- job from limit
-- Returns {settled indexes, refused indexes}, each in order and at most limit long.
local job, from, limit = A(1), tonumber(A(2)), tonumber(A(3))
local function following(part)
  local found, index = {}, from
  while #found < limit do
    index = redis.call('BITPOS', K(job, part), 1, index, -1, 'BIT')
    if index < 0 then break end
    found[#found + 1] = index
    index = index + 1
  end
  return found
end
return { following('settled'), following('refused') }
