-- A live lease lives on, and hears what became of its job.
-- job fence in_flight(indexes, space separated) lease_seconds max_age_seconds
-- Returns go | lost | cancelled | paused.
local job, fence = A(1), A(2)
local expiry = redis.call('ZSCORE', P .. 'leases', job .. ' ' .. fence)
local state = get(job, 'state')
if state == 'cancelled' then return 'cancelled' end
if not expiry or tonumber(expiry) < NOW then return 'lost' end
if state == 'paused' then return 'paused' end
local lease = cjson.decode(redis.call('HGET', K(job, 'lease'), fence))
lease.flight = A(3)
redis.call('HSET', K(job, 'lease'), fence, cjson.encode(lease))
local latest = math.min(NOW + tonumber(A(4)), tonumber(lease.since) + tonumber(A(5)))
if latest > tonumber(expiry) then redis.call('ZADD', P .. 'leases', stamp(latest), job .. ' ' .. fence) end
return 'go'
