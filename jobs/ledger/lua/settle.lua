-- Pictures are stored and their records written: count each exactly once. Any holder of the epoch may say so, even one
-- whose lease has expired: the picture is deterministic and lies at its key.
-- job epoch seconds(of the device) index...
-- Returns {how many were new, the job's state}.
local job = A(1)
local state = get(job, 'state')
if not state then return { 0, 'gone' } end
if terminal(state) or get(job, 'epoch') ~= A(2) then return { 0, state } end
local fresh = {}
for n = 4, #ARGV - 2 do
  local index = A(n)
  if redis.call('GETBIT', K(job, 'refused'), index) == 0 and redis.call('SETBIT', K(job, 'settled'), index, 1) == 0 then
    fresh[#fresh + 1] = tonumber(index)
    redis.call('HDEL', K(job, 'blame'), index)
  end
end
if #fresh == 0 then return { 0, state } end
redis.call('HINCRBY', P .. 'totals', 'settled', #fresh)
local settled = redis.call('HINCRBY', K(job), 'settled', #fresh)
-- As ranges: a batch of neighbours is one, where 64 numbers would fill the stream with half a kilobyte each.
local function spelled()
  table.sort(fresh)
  local runs, first = {}, fresh[1]
  for n = 1, #fresh do
    if fresh[n + 1] ~= fresh[n] + 1 then
      runs[#runs + 1] = first == fresh[n] and int(first) or int(first) .. '-' .. int(fresh[n])
      first = fresh[n + 1]
    end
  end
  return table.concat(runs, ',')
end
event(job, 'settled', 'indexes', spelled(), 'settled', int(settled), 'refused', get(job, 'refused'), 'count', get(job, 'count'))
redis.call('HINCRBYFLOAT', K(job), 'used_gpu', A(3))
state = finish_check(job)
local short = (state == 'queued' or state == 'running') and spent(job)
if short then pause(job, state, short) end
return { #fresh, get(job, 'state') }
