-- What a person may ask of a job; each verb is idempotent.
-- job verb(cancel | pause | resume | retry | fail) reason
-- Returns {1 when something changed, the job's state}, or {0, 'gone'}.
local job, verb, reason = A(1), A(2), A(3)
local state = get(job, 'state')
if not state then return { 0, 'gone' } end

local function reopen()
  local bits, total, from = K(job, 'refused'), num(job, 'total'), nil
  local index = redis.call('BITPOS', bits, 1)
  while index >= 0 and index < total do
    from = index
    while index < total and redis.call('GETBIT', bits, index) == 1 do index = index + 1 end
    put_back(job, from, index, 'r', 0, NOW)
    if index >= total then break end
    index = redis.call('BITPOS', bits, 1, index, -1, 'BIT')
  end
  redis.call('DEL', bits, K(job, 'refusals'), K(job, 'causes'))
end

if verb == 'cancel' and not terminal(state) then
  redis.call('HINCRBY', K(job), 'epoch', 1)
  redis.call('ZREM', P .. 'duties', 'plan ' .. job)
  close(job, 'cancelled', reason)
elseif verb == 'fail' and state == 'planning' then
  redis.call('ZREM', P .. 'duties', 'plan ' .. job)
  close(job, 'failed', reason)
elseif verb == 'pause' and (state == 'queued' or state == 'running') then
  redis.call('HSET', K(job), 'state', 'paused', 'reason', reason, 'before_pause', state)
  not_runnable(job)
  event(job, 'paused', 'reason', reason)
elseif verb == 'resume' and state == 'paused' then
  redis.call('HSET', K(job), 'state', get(job, 'before_pause'), 'reason', '')
  event(job, 'resumed')
  make_runnable(job)
  finish_check(job)
elseif verb == 'retry' and (state == 'partial' or state == 'failed') then
  local planned = redis.call('HEXISTS', K(job), 'manifest_uri') == 1
  redis.call('HSET', K(job), 'refused', '0', 'reason', '', 'finished', '0', 'written', '0', 'heals', '0',
    'state', planned and 'queued' or 'planning')
  redis.call('ZREM', P .. 'duties', 'finish ' .. job)
  event(job, 'resumed')
  if planned then
    reopen()
    make_runnable(job)
    finish_check(job)
  else
    redis.call('ZADD', P .. 'duties', stamp(NOW), 'plan ' .. job)
  end
else
  return { 0, state }
end
return { 1, get(job, 'state') }
