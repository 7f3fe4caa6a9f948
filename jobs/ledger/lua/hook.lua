-- The webhook of a job that is over.
-- job verb(told | resend) then told: state(pending | delivered | failed) said
-- Returns 1 when something changed, 0 when the job has no webhook, or is not over.
local job = A(1)
local url, state = get(job, 'webhook'), get(job, 'state')
if not url or url == '' or not terminal(state) then return 0 end
if A(2) == 'told' then
  local attempts = redis.call('HINCRBY', K(job), 'hook_attempts', 1)
  redis.call('HSET', K(job), 'hook_state', A(3), 'hook_said', A(4))
  event(job, 'hooked', 'state', A(3), 'attempts', int(attempts), 'message', A(4))
  return 1
end
if get(job, 'written') ~= '1' then return 0 end
redis.call('HSET', K(job), 'hook_state', 'pending', 'hook_attempts', '0', 'hook_said', '', 'tries_hook', '0')
redis.call('ZADD', P .. 'duties', stamp(NOW), 'hook ' .. job)
return 1
