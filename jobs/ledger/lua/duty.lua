-- Work about a whole job. Who takes one holds it while he says so; one whose holder has died comes again.
-- verb(take | hold | done | later) then take: hold_seconds | hold: duty token hold_seconds | done: duty token
-- | later: duty delay_seconds
-- take returns {duty, token} or {}; hold the next token, '' when the duty is somebody else's or over; done and later 1
-- when it was there. The token is the moment until which it is held, as `duties` spells it.
local duties, MAX_HOLD = P .. 'duties', 600
if A(1) == 'take' then
  local due = redis.call('ZRANGEBYSCORE', duties, '-inf', stamp(NOW), 'LIMIT', 0, 100)
  if not due[1] then return {} end
  -- Planning before anything else: whoever has just submitted looks on, and the rest may take minutes a job.
  local first = due[1]
  for _, duty in ipairs(due) do
    if duty:sub(1, 5) == 'plan ' then first = duty break end
  end
  local kind, job = first:match('^(%S+) (%S+)$')
  -- Each time twice as long: a duty that kills its workers must not kill one every few seconds.
  local tries = redis.call('EXISTS', K(job)) == 1 and redis.call('HINCRBY', K(job), 'tries_' .. kind, 1) or 1
  local till = stamp(NOW + math.min(MAX_HOLD, tonumber(A(2)) * 2 ^ math.min(tries - 1, 20)))
  redis.call('ZADD', duties, till, first)
  return { first, redis.call('ZSCORE', duties, first) }
elseif A(1) == 'later' then
  return redis.call('ZADD', duties, 'XX', 'CH', stamp(NOW + tonumber(A(3))), A(2))
end
if redis.call('ZSCORE', duties, A(2)) ~= A(3) then return A(1) == 'hold' and '' or 0 end
if A(1) == 'hold' then
  redis.call('ZADD', duties, 'GT', stamp(NOW + tonumber(A(4))), A(2))
  return redis.call('ZSCORE', duties, A(2))
end
redis.call('ZREM', duties, A(2))
local kind, job = A(2):match('^(%S+) (%S+)$')
if kind == 'marks' and redis.call('EXISTS', K(job)) == 1 then redis.call('HDEL', K(job), 'tries_marks') end
if kind == 'finish' and redis.call('EXISTS', K(job)) == 1 then
  redis.call('HSET', K(job), 'written', '1')
  event(job, 'written', 'state', get(job, 'state'))
  redis.call('XTRIM', K(job, 'events'), 'MAXLEN', '~', 1000)
  if (get(job, 'webhook') or '') ~= '' and terminal(get(job, 'state')) then
    redis.call('HSET', K(job), 'hook_state', 'pending', 'hook_attempts', '0', 'hook_said', '', 'tries_hook', '0')
    redis.call('ZADD', duties, stamp(NOW), 'hook ' .. job)
  end
end
return 1
