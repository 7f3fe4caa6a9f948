-- A job becomes durable, in O(1) of its variants. Same idempotency key: the job that it made, or a conflict.
-- job caller lane name spec spec_hash count total models results_uri max_failures idem body_hash idem_seconds
-- budget_images budget_gpu webhook, each '' for none; labels(JSON); most_active_jobs most_open_variants of the caller, 0
-- for no bound
-- Returns {job, 1 when created, 0 when it was there}, {'', 0} on a conflict, or where the caller has too much already
-- {'', 1, its jobs that are not over} or {'', 2, its variants that are open}.
local job, caller, idem = A(1), A(2), A(12)
if idem ~= '' then
  local key = P .. 'idem:' .. caller .. ':' .. idem
  local known = redis.call('GET', key)
  if known then
    local first, hash = known:match('^(%S+) (%S+)$')
    if hash ~= A(13) then return { '', 0 } end
    return { first, 0 }
  end
end
local active, most_jobs, most_open = P .. 'active:' .. caller, tonumber(A(19)), tonumber(A(20))
if most_jobs > 0 and redis.call('SCARD', active) >= most_jobs then return { '', 1, redis.call('SCARD', active) } end
if most_open > 0 then
  local open = open_of(caller, job)
  if open + tonumber(A(7)) > most_open then return { '', 2, int(open) } end
end
if idem ~= '' then
  local key = P .. 'idem:' .. caller .. ':' .. idem
  redis.call('SET', key, job .. ' ' .. A(13), 'EX', A(14))
end
move(job, 'planning')
redis.call('HSET', K(job), 'caller', caller, 'lane', A(3), 'name', A(4), 'spec_hash', A(6), 'count', A(7), 'total', A(8),
  'models', A(9), 'results_uri', A(10), 'max_failures', A(11), 'reason', '', 'cursor', '0',
  'settled', '0', 'refused', '0', 'epoch', '1', 'fences', '0', 'created', stamp(NOW), 'started', '0', 'finished', '0',
  'written', '0', 'budget_images', A(15), 'budget_gpu', A(16), 'used_gpu', '0', 'webhook', A(17), 'labels', A(18),
  'most_open', A(20))
redis.call('SET', K(job, 'spec'), A(5))
redis.call('ZADD', P .. 'jobs:all', stamp(NOW), job)
redis.call('ZADD', P .. 'jobs:' .. caller, stamp(NOW), job)
redis.call('SADD', active, job)
redis.call('ZADD', P .. 'duties', stamp(NOW), 'plan ' .. job)
event(job, 'accepted', 'caller', caller, 'lane', A(3))
return { job, 1 }
