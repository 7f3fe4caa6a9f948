-- What a person may ask of a job; each verb is idempotent.
-- job verb(cancel | pause | resume | retry | fail | lane) word(the reason; lane: the lane) then retry: causes(space
-- separated, '' for all) ranges("start stop start stop ...", half open, '' for all); resume: images gpu_seconds, the
-- budgets from now on, '' to leave them
-- Returns {1 when something changed, the job's state}, or {0, 'gone'}.
local job, verb, word = A(1), A(2), A(3)
local state = get(job, 'state')
if not state then return { 0, 'gone' } end

-- Takes the refusals of one cause within one range back; returns how many.
local function forgive(code, from, limit)
  local bits, forgiven = K(job, 'cause:' .. code), 0
  local index = next_set(bits, from, limit)
  while index < limit do
    redis.call('SETBIT', bits, int(index), 0)
    redis.call('SETBIT', K(job, 'refused'), int(index), 0)
    redis.call('HDEL', K(job, 'refusals'), int(index))
    forgiven = forgiven + 1
    index = next_set(bits, index + 1, limit)
  end
  if forgiven > 0 and redis.call('HINCRBY', K(job, 'causes'), code, -forgiven) <= 0 then
    redis.call('HDEL', K(job, 'causes'), code)
    redis.call('DEL', bits)
  end
  return forgiven
end

local function reopen(causes, ranges)
  if causes == '' and ranges == '' then
    for _, code in ipairs(redis.call('HKEYS', K(job, 'causes'))) do redis.call('DEL', K(job, 'cause:' .. code)) end
    redis.call('DEL', K(job, 'refused'), K(job, 'refusals'), K(job, 'causes'))
    return num(job, 'refused')
  end
  local forgiven, total = 0, num(job, 'total')
  for _, code in ipairs(redis.call('HKEYS', K(job, 'causes'))) do
    if causes == '' or (' ' .. causes .. ' '):find(' ' .. code .. ' ', 1, true) then
      if ranges == '' then
        forgiven = forgiven + forgive(code, 0, total)
      else
        for a, z in ranges:gmatch('(%d+) (%d+)') do
          forgiven = forgiven + forgive(code, tonumber(a), math.min(total, tonumber(z)))
        end
      end
    end
  end
  return forgiven
end

local function retry(causes, ranges)
  local planned, forgiven = redis.call('HEXISTS', K(job), 'manifest_uri') == 1, 0
  if planned then
    forgiven = reopen(causes, ranges)
    local asked = causes ~= '' or ranges ~= '' or num(job, 'settled') + num(job, 'refused') >= num(job, 'count')
    if forgiven == 0 and asked then return false end
  end
  move(job, planned and 'queued' or 'planning')
  redis.call('HSET', K(job), 'refused', int(num(job, 'refused') - forgiven), 'reason', '', 'finished', '0',
    'written', '0', 'heals', '0')
  redis.call('SADD', P .. 'active:' .. get(job, 'caller'), job)
  redis.call('ZREM', P .. 'duties', 'finish ' .. job)
  event(job, 'resumed', 'reopened', int(forgiven), 'settled', get(job, 'settled'), 'refused', get(job, 'refused'))
  if planned then
    -- Also what was open when the job was stopped: its leases and waiting ranges went with it.
    put_back_open(job, 0, num(job, 'cursor'))
    make_runnable(job)
    finish_check(job)
  else
    redis.call('ZADD', P .. 'duties', stamp(NOW), 'plan ' .. job)
  end
  return true
end

if verb == 'cancel' and not terminal(state) then
  redis.call('HINCRBY', K(job), 'epoch', 1)
  redis.call('ZREM', P .. 'duties', 'plan ' .. job)
  close(job, 'cancelled', word)
elseif verb == 'fail' and state == 'planning' then
  redis.call('ZREM', P .. 'duties', 'plan ' .. job)
  close(job, 'failed', word)
elseif verb == 'pause' and (state == 'queued' or state == 'running') then
  pause(job, state, word)
elseif verb == 'pause' and state == 'planning' then
  -- It is planned all the same, and paused then: `ready` looks for the reason.
  redis.call('HSET', K(job), 'reason', word)
elseif verb == 'resume' and not terminal(state) then
  if state == 'planning' then redis.call('HSET', K(job), 'reason', '') end
  if A(4) ~= '' then redis.call('HSET', K(job), 'budget_images', A(4)) end
  if A(5) ~= '' then redis.call('HSET', K(job), 'budget_gpu', A(5)) end
  if state == 'paused' then
    local short = spent(job)
    if short then
      redis.call('HSET', K(job), 'reason', short)
      return { 0, state }
    end
    move(job, get(job, 'before_pause'))
    redis.call('HSET', K(job), 'reason', '')
    event(job, 'resumed')
    make_runnable(job)
    finish_check(job)
  end
elseif verb == 'retry' and (state == 'partial' or state == 'failed') then
  if not retry(A(4), A(5)) then return { 0, state } end
elseif verb == 'lane' and not terminal(state) and get(job, 'lane') ~= word then
  local was = redis.call('ZSCORE', P .. 'runnable:' .. get(job, 'lane') .. ':' .. get(job, 'caller'), job)
  not_runnable(job)
  redis.call('HSET', K(job), 'lane', word)
  if was then make_runnable(job) end
  event(job, 'moved', 'lane', word)
else
  return { 0, state }
end
return { 1, get(job, 'state') }
