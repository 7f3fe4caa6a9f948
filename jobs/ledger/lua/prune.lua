-- A finished job leaves the ledger; a tombstone tells for a while where its results lie.
-- job tombstone_seconds
-- Returns 1 when it is gone, 0 when it is not over, not written, or its webhook is not done with.
local job = A(1)
if not terminal(get(job, 'state')) or get(job, 'written') ~= '1' then return 0 end
for _, kind in ipairs({ 'finish', 'hook' }) do
  if redis.call('ZSCORE', P .. 'duties', kind .. ' ' .. job) then return 0 end
end
local caller, results = unpack(redis.call('HMGET', K(job), 'caller', 'results_uri'))
redis.call('SET', P .. 'gone:' .. job, caller .. ' ' .. results, 'EX', A(2))
for _, code in ipairs(redis.call('HKEYS', K(job, 'causes'))) do redis.call('DEL', K(job, 'cause:' .. code)) end
for _, part in ipairs({ 'spec', 'settled', 'refused', 'refusals', 'causes', 'retry', 'lease', 'blame', 'events', 'star', 'reject' }) do
  redis.call('DEL', K(job, part))
end
move(job, nil)
redis.call('DEL', K(job))
redis.call('ZREM', P .. 'duties', 'marks ' .. job)
redis.call('ZREM', P .. 'jobs:all', job)
redis.call('ZREM', P .. 'jobs:' .. caller, job)
return 1
