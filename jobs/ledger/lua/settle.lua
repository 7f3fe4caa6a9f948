-- Pictures are stored and their records written: count each exactly once. Any holder of the epoch may say so, even one
-- whose lease has expired: the picture is deterministic and lies at its key.
-- job epoch seconds(of the device) index...
-- Returns {how many were new, the job's state}.
local job = A(1)
local state = get(job, 'state')
if not state then return { 0, 'gone' } end
if terminal(state) or get(job, 'epoch') ~= A(2) then return { 0, state } end
-- Answers of BITFIELD for many indexes at once, PAGE of them a call, for Lua unpacks no more than some thousands.
local PAGE = 512
local function bits(part, indexes, ...)
  local said = {}
  for from = 1, #indexes, PAGE do
    local words = {}
    for n = from, math.min(#indexes, from + PAGE - 1) do
      for _, word in ipairs({ ... }) do words[#words + 1] = word == '#' and indexes[n] or word end
    end
    for _, bit in ipairs(redis.call('BITFIELD', K(job, part), unpack(words))) do said[#said + 1] = bit end
  end
  return said
end
local named = {}
for n = 4, #ARGV - 2 do named[#named + 1] = A(n) end
local refused, wanted, fresh = bits('refused', named, 'GET', 'u1', '#'), {}, {}
for n, index in ipairs(named) do
  if refused[n] == 0 then wanted[#wanted + 1] = index end
end
for n, before in ipairs(bits('settled', wanted, 'SET', 'u1', '#', 1)) do
  if before == 0 then fresh[#fresh + 1] = tonumber(wanted[n]) end
end
if redis.call('EXISTS', K(job, 'blame')) == 1 then
  for _, index in ipairs(fresh) do redis.call('HDEL', K(job, 'blame'), int(index)) end
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
