-- A mark on pictures that are settled; at most one each.
-- job mark(star | reject | '' for none) index...
-- Returns {stars, rejects, how many changed, how many have a picture}.
local job, wanted = A(1), A(2)
local marks = { 'star', 'reject' }
local total = num(job, 'total') -- Redis refuses to look far beyond a bitmap
local counts, changed, pictures = { star = num(job, 'star'), reject = num(job, 'reject') }, 0, 0
for n = 3, #ARGV - 2 do
  local index = A(n)
  if tonumber(index) < total and redis.call('GETBIT', K(job, 'settled'), index) == 1 then
    pictures = pictures + 1
    local moved = 0
    for _, mark in ipairs(marks) do
      local bit = mark == wanted and 1 or 0
      local was = redis.call('GETBIT', K(job, mark), index)
      if was ~= bit then
        redis.call('SETBIT', K(job, mark), index, bit)
        counts[mark] = counts[mark] + bit - was
        moved = 1
      end
    end
    changed = changed + moved
  end
end
if changed > 0 then
  redis.call('HSET', K(job), 'star', int(counts.star), 'reject', int(counts.reject))
  -- Soon written beside the pictures, some at once. One that is being written now is written again: its token is gone.
  local duty, soon = 'marks ' .. job, NOW + 5
  local due = redis.call('ZSCORE', P .. 'duties', duty)
  if not due or tonumber(due) > soon then redis.call('ZADD', P .. 'duties', stamp(soon), duty) end
end
return { counts.star, counts.reject, changed, pictures }
