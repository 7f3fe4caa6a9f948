-- Expired leases: what they left open is given out again. Rows that were in flight become suspects and run alone; only a
-- worker lost while an index ran alone counts against that index. Where nothing is known of what was in flight, the
-- range is halved, so that an input that kills before the first beat is cornered in logarithmic time.
-- limit
-- Returns {how many leases were reaped, how many variants were refused as poison}.
local poisoned = 0

local function requeue(job, lease, index_from, index_to, flags)
  put_back(job, index_from, index_to, flags, lease.attempt, NOW)
end

local function blame(job, lease)
  local index = lease.a
  if not open(job, index) then return end
  local deaths = redis.call('HINCRBY', K(job, 'blame'), int(index), 1)
  if deaths >= MAX_DEATHS then
    poisoned = poisoned + 1
    refuse(job, index, 'poison', int(deaths) .. ' workers were lost while this variant ran alone')
  else
    requeue(job, lease, index, index + 1, 'ra')
  end
end

local function give_out_again(job, lease)
  local suspects, suspected, from = {}, 0, nil
  for index in lease.flight:gmatch('%d+') do suspects[tonumber(index)] = true end
  if lease.flight == '' and lease.z - lease.a > 1 then
    local middle = lease.a + math.floor((lease.z - lease.a) / 2)
    requeue(job, lease, lease.a, middle, 'r')
    requeue(job, lease, middle, lease.z, 'r')
    return 0
  end
  for index = lease.a, lease.z do
    local wanted = index < lease.z and open(job, index)
    local suspect = wanted and (suspects[index] or lease.z - lease.a == 1)
    if suspect then
      requeue(job, lease, index, index + 1, 'ra')
      suspected = suspected + 1
    end
    if wanted and not suspect then
      from = from or index
    elseif from then
      requeue(job, lease, from, index, 'r')
      from = nil
    end
  end
  return suspected
end

local expired = redis.call('ZRANGEBYSCORE', P .. 'leases', '-inf', '(' .. stamp(NOW), 'LIMIT', 0, A(1))
for _, member in ipairs(expired) do
  redis.call('ZREM', P .. 'leases', member)
  local job, fence = member:match('^(%S+) (%d+)$')
  local raw = redis.call('HGET', K(job, 'lease'), fence)
  redis.call('HDEL', K(job, 'lease'), fence)
  local state = get(job, 'state')
  if raw and state and not terminal(state) then
    local lease, suspected = cjson.decode(raw), 0
    if lease.flags:find('a') and lease.z - lease.a == 1 then
      blame(job, lease)
      suspected = 1
    else
      suspected = give_out_again(job, lease)
    end
    event(job, 'lost', 'worker', lease.worker, 'first', int(lease.a), 'last', int(lease.z - 1), 'suspects', int(suspected))
    finish_check(job)
  end
end
return { #expired, poisoned }
