-- Work about a whole job. Taking one hides it for a while; one that isn't done by then comes again.
-- verb(take | done | later) then take: hide_seconds | done: duty | later: duty delay_seconds
-- take returns the duty or ''; done and later return 1 when it was there.
local duties = P .. 'duties'
if A(1) == 'take' then
  local first = redis.call('ZRANGEBYSCORE', duties, '-inf', stamp(NOW), 'LIMIT', 0, 1)
  if not first[1] then return '' end
  redis.call('ZADD', duties, stamp(NOW + tonumber(A(2))), first[1])
  return first[1]
elseif A(1) == 'later' then
  return redis.call('ZADD', duties, 'XX', 'CH', stamp(NOW + tonumber(A(3))), A(2))
end
local kind, job = A(2):match('^(%S+) (%S+)$')
if redis.call('ZREM', duties, A(2)) == 0 then return 0 end
if kind == 'finish' and redis.call('EXISTS', K(job)) == 1 then
  redis.call('HSET', K(job), 'written', '1')
  event(job, 'written', 'state', get(job, 'state'))
end
return 1
