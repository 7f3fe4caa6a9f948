-- The next indexes that have an outcome, for pages of results; skips over open stretches without reading them.
-- job from limit
-- Returns {settled, refused}, each as stretches in order: first, behind the last, first, behind the last …; of at most
-- limit indexes together. A call for each stretch and not for each index: a whole page is usually one.
local job, from, limit = A(1), tonumber(A(2)), tonumber(A(3))
local function following(part)
  local key = K(job, part)
  local size, found, left, index = redis.call('STRLEN', key) * 8, {}, limit, from
  while left > 0 and index < size do
    local first = redis.call('BITPOS', key, 1, index, -1, 'BIT')
    if first < 0 then break end
    local most = math.min(size, first + left)
    local clear = redis.call('BITPOS', key, 0, first, most - 1, 'BIT')
    local behind = clear < 0 and most or clear
    found[#found + 1], found[#found + 2] = first, behind
    left, index = left - (behind - first), behind
  end
  return found
end
return { following('settled'), following('refused') }
