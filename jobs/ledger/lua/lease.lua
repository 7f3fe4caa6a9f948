-- The best chunk there is now for this worker: highest lane, then the caller whose turn it is, then its oldest job.
-- A job whose models this worker would have to load first is passed over for one whose are loaded, for PASSED_SECONDS at
-- most and never in the urgent lane: a fleet sorts itself by models, and nobody waits for it longer than that.
-- worker models(space separated, with a space before and after) urgent_only alone_allowed lease_seconds slots first_chunk
-- loaded(as models; '' where it makes no difference)
-- Returns {} for nothing, {'drain'} when a suspect waits to run alone, else
-- {job, fence, epoch, start, stop, again, alone, attempt, caller, manifest_uri, results_uri,
-- closed, lane}; closed is a list of the indexes within the range that have their outcome already.
local worker, models, urgent_only, alone_allowed = A(1), A(2), A(3) == '1', A(4) == '1'
local lease_seconds, slots, first_chunk, loaded = tonumber(A(5)), tonumber(A(6)), tonumber(A(7)), A(8)
local PASSED_SECONDS, LOOKED = 20, 64

-- How many variants a budget of images leaves to lease; the job pauses where none is left and none is out.
local function room(job)
  local images = get(job, 'budget_images')
  if not images or images == '' then return MAX_CHUNK end
  local left, leases = tonumber(images) - num(job, 'settled'), redis.call('HVALS', K(job, 'lease'))
  for _, raw in ipairs(leases) do
    local lease = cjson.decode(raw)
    left = left - (lease.z - lease.a)
  end
  if left <= 0 and #leases == 0 then pause(job, get(job, 'state'), spent(job) or 'the budget of images is spent') end
  return left
end

local function size_of(job, remaining)
  local measured = tonumber(get(job, 'chunk') or '')
  local share = math.ceil(remaining / math.max(1, slots))
  -- A slow job's tail is cut finer: whoever holds three pieces of the minimum would be alone for half a minute.
  local least = measured and math.min(MIN_CHUNK, math.ceil(measured / 8)) or MIN_CHUNK
  return math.max(1, math.min(measured or first_chunk, MAX_CHUNK, room(job), math.max(share, least)))
end

local function cut(job, cursor, total)
  local size, span = size_of(job, total - cursor), num(job, 'span')
  local stop = math.min(total, cursor + size)
  if span > 1 and stop < total then
    local border = math.floor(stop / span) * span
    if border > cursor then stop = border end
  end
  redis.call('HSET', K(job), 'cursor', int(stop))
  return cursor, stop, '', 0
end

-- The end of a lease that begins at the open index a of a wide range: so many open variants, whatever lies between.
local function window(job, a, limit)
  local at, wanted, stop = a, size_of(job, limit - a), a
  limit = math.min(limit, a + MAX_CHUNK)
  while at < limit and wanted > 0 do
    stop = math.min(open_until(job, at, limit), at + wanted)
    wanted = wanted - (stop - at)
    at = first_open(job, stop, limit)
  end
  return stop
end

local function due(job)
  local first = redis.call('ZRANGEBYSCORE', K(job, 'retry'), '-inf', stamp(NOW), 'WITHSCORES', 'LIMIT', 0, 1)
  if not first[1] then return nil end
  local a, z, flags, attempt = first[1]:match('^(%d+) (%d+) (%S+) (%d+)$')
  a, z = tonumber(a), tonumber(z)
  if flags:find('a') and not alone_allowed then return 'drain' end
  redis.call('ZREM', K(job, 'retry'), first[1])
  local wide = flags:find('w')
  if wide then
    a = first_open(job, a, z)
    if a == z then return due(job) end
  end
  local stop = wide and window(job, a, z) or math.min(z, a + size_of(job, z - a))
  put_back(job, stop, z, flags, tonumber(attempt), tonumber(first[2]))
  return a, stop, (flags:gsub('w', '')), tonumber(attempt)
end

local function closed_within(job, a, z)
  local closed = {}
  for index = a, z - 1 do
    if not open(job, index) then closed[#closed + 1] = index end
  end
  return closed
end

local function grant(job, a, z, flags, attempt)
  local closed = flags:find('r') and closed_within(job, a, z) or {}
  local fence = redis.call('HINCRBY', K(job), 'fences', 1)
  local expiry = NOW + lease_seconds
  redis.call('HSET', K(job, 'lease'), int(fence), cjson.encode({
    a = a, z = z, worker = worker, flags = flags, attempt = attempt, since = stamp(NOW), flight = '' }))
  redis.call('ZADD', P .. 'leases', stamp(expiry), job .. ' ' .. int(fence))
  if get(job, 'state') == 'queued' then
    move(job, 'running')
    if get(job, 'started') == '0' then
      redis.call('HSET', K(job), 'started', stamp(NOW))
      event(job, 'started', 'worker', worker)
    end
  end
  redis.call('HDEL', K(job), 'passed')
  local lane, caller, epoch, manifest, results = unpack(redis.call('HMGET', K(job), 'lane', 'caller', 'epoch', 'manifest_uri', 'results_uri'))
  redis.call('ZINCRBY', P .. 'runnable:' .. lane, int(z - a - #closed), caller)
  return { job, fence, tonumber(epoch), a, z, flags:find('r') and 1 or 0, flags:find('a') and 1 or 0, attempt, caller, manifest, results,
    closed, lane }
end

local function take(job)
  local a, z, flags, attempt = due(job)
  if a == 'drain' then return { 'drain' } end
  local cursor, total = num(job, 'cursor'), num(job, 'total')
  if not a and cursor < total then a, z, flags, attempt = cut(job, cursor, total) end
  if a then return grant(job, a, z, flags, attempt) end
  if redis.call('ZCARD', K(job, 'retry')) == 0 then not_runnable(job) end
  return nil
end

local function near(job, lane)
  if loaded == '' or lane == 'urgent' or able(loaded, get(job, 'models') or '') then return true end
  local passed = get(job, 'passed')
  return passed and NOW - tonumber(passed) >= PASSED_SECONDS
end

-- Who was first in turn, and what it is passed over for from now on.
local function instead(first, got)
  if first and #got > 1 and leasable(first) then redis.call('HSETNX', K(first), 'passed', stamp(NOW)) end
  return got
end

local function best(lane)
  local far = {}
  for _, caller in ipairs(redis.call('ZRANGE', P .. 'runnable:' .. lane, 0, 63)) do
    for _, job in ipairs(redis.call('ZRANGE', P .. 'runnable:' .. lane .. ':' .. caller, 0, 63)) do
      if #far == LOOKED then break end
      if able(models, get(job, 'models') or '') and room(job) > 0 then
        local got = near(job, lane) and take(job)
        if got then return instead(far[1], got) end
        if got == false then far[#far + 1] = job end
      end
    end
  end
  for _, job in ipairs(far) do
    local got = take(job)
    if got then return got end
  end
  return nil
end

for _, lane in ipairs(LANES) do
  local got = (not urgent_only or lane == 'urgent') and best(lane)
  if got then return got end
end
return {}
