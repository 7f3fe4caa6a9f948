-- A job that Redis has lost comes back from what storage tells: its outcomes count, everything else goes out again and is
-- looked for in storage before it is rendered.
-- job fields(JSON of the hash) ended('cancelled' or '') settled(bitmap) refused(bitmap) causes(how many) then for each:
-- code bitmap count; then for each refusal whose words are kept: index "code message"
-- Returns {1 when it was restored, 0 when it is there; the job's state}.
local job = A(1)
if redis.call('EXISTS', K(job)) == 1 then return { 0, get(job, 'state') } end
for field, value in pairs(cjson.decode(A(2))) do redis.call('HSET', K(job), field, value) end
if A(4) ~= '' then redis.call('SET', K(job, 'settled'), A(4)) end
if A(5) ~= '' then redis.call('SET', K(job, 'refused'), A(5)) end
local causes = tonumber(A(6))
for n = 7, 6 + 3 * causes, 3 do
  redis.call('SET', K(job, 'cause:' .. A(n)), A(n + 1))
  redis.call('HSET', K(job, 'causes'), A(n), A(n + 2))
end
for n = 7 + 3 * causes, #ARGV - 2, 2 do redis.call('HSET', K(job, 'refusals'), A(n), A(n + 1)) end
local settled, refused = redis.call('BITCOUNT', K(job, 'settled')), redis.call('BITCOUNT', K(job, 'refused'))
move(job, 'queued')
redis.call('HSET', K(job), 'reason', '', 'cursor', get(job, 'total'), 'settled', int(settled),
  'refused', int(refused), 'epoch', '1', 'started', '0', 'finished', '0', 'written', '0')
redis.call('ZADD', P .. 'jobs:all', get(job, 'created'), job)
redis.call('ZADD', P .. 'jobs:' .. get(job, 'caller'), get(job, 'created'), job)
redis.call('SADD', P .. 'active:' .. get(job, 'caller'), job)
event(job, 'recovered', 'settled', int(settled), 'refused', int(refused), 'count', get(job, 'count'))
if A(3) == 'cancelled' then
  close(job, 'cancelled', 'cancelled before the ledger was lost')
else
  put_back_open(job, 0, num(job, 'total'))
  finish_check(job)
end
return { 1, get(job, 'state') }
