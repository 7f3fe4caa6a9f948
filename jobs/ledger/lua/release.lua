-- A holder gives its lease up, with what it did not finish.
-- job fence chunk(size hint from measured speed, '' for none), then for each range: start stop delay attempt code message
-- Returns the job's state, or 'lost' when the lease was reaped before.
local job, fence = A(1), A(2)
local state = get(job, 'state')
if redis.call('ZREM', P .. 'leases', job .. ' ' .. fence) == 0 then return 'lost' end
local lease = cjson.decode(redis.call('HGET', K(job, 'lease'), fence))
redis.call('HDEL', K(job, 'lease'), fence)
if not state or terminal(state) then return state or 'gone' end
if A(3) ~= '' then redis.call('HSET', K(job), 'chunk', A(3)) end
for n = 4, #ARGV - 2, 6 do
  local a, z, delay, attempt = tonumber(A(n)), tonumber(A(n + 1)), tonumber(A(n + 2)), tonumber(A(n + 3))
  put_back(job, a, z, lease.flags:find('a') and 'ra' or 'r', attempt, NOW + delay)
  if A(n + 4) ~= '' then
    event(job, 'postponed', 'index', int(a), 'code', A(n + 4), 'message', A(n + 5), 'attempt', int(attempt), 'delay_seconds', A(n + 2))
  end
end
return finish_check(job)
