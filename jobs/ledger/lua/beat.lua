-- A live lease lives on, and hears what became of its job.
-- job fence in_flight(indexes, space separated) lease_seconds max_age_seconds
-- Returns go | yield | lost | cancelled | paused; yield: urgent work that this worker could do waits, so a background
-- lease finishes what is in flight and gives the rest back.
local function urgent_waits(models)
  for _, caller in ipairs(redis.call('ZRANGE', P .. 'runnable:urgent', 0, 7)) do
    for _, other in ipairs(redis.call('ZRANGE', P .. 'runnable:urgent:' .. caller, 0, 7)) do
      if leasable(other) and able(models, get(other, 'models') or '') then return true end
    end
  end
  return false
end

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
if get(job, 'lane') ~= 'background' or lease.z - lease.a == 1 then return 'go' end
local models = redis.call('HGET', P .. 'worker:' .. lease.worker, 'models')
return models and urgent_waits(' ' .. models .. ' ') and 'yield' or 'go'
