-- Jobs by what they are, newest first, some hundreds looked at in one call.
-- key(jobs:all | jobs:{caller}) before(a job, '' for the newest) looked(at most) limit(matches; 0 counts only) state('' for
-- any) text('' for any; lower case) labels(JSON: a list of keys, or of "key=value")
-- Returns {the last job that was looked at, '' when there are no more, matching jobs, {state, how many match but for
-- their state, ...}}, or {'?', {}, {}} where `before` is not among them.
local key, before, most, limit, wanted, text = A(1), A(2), tonumber(A(3)), tonumber(A(4)), A(5), A(6)
local labels = cjson.decode(A(7))

local function bears(said)
  if #labels == 0 then return true end
  local own = cjson.decode((said and said ~= '') and said or '{}')
  for _, label in ipairs(labels) do
    local found = own[label] ~= nil
    for name, value in pairs(own) do found = found or name .. '=' .. value == label end
    if not found then return false end
  end
  return true
end

local start = 0
if before ~= '' then
  local rank = redis.call('ZREVRANK', key, before)
  if not rank then return { '?', {}, {} } end
  start = rank + 1
end
local found, counts, last = {}, {}, ''
local jobs = redis.call('ZREVRANGE', key, start, start + most - 1)
for n, job in ipairs(jobs) do
  local state, name, said = unpack(redis.call('HMGET', K(job), 'state', 'name', 'labels'))
  local named = text == '' or (name and name:lower():find(text, 1, true)) or job:find(text, 1, true)
  if state and named and bears(said) then
    counts[state] = (counts[state] or 0) + 1
    if limit > 0 and (wanted == '' or wanted == state) then found[#found + 1] = job end
  end
  if n == most or (limit > 0 and #found == limit) then
    last = job
    break
  end
end
local told = {}
for state, count in pairs(counts) do
  told[#told + 1] = state
  told[#told + 1] = count
end
return { last, found, told }
