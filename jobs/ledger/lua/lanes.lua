-- What waits and what is in work, by lane, over so many leases and so many jobs a lane at most.
-- most
-- Returns {settled and refused since ever, whether all was looked at, then for each lane: jobs, variants that wait,
-- variants that are leased, when the oldest job with something waiting was accepted ('' for none)}.
local most, whole = tonumber(A(1)), 1
local leased, by_lane = {}, {}
local members = redis.call('ZRANGE', P .. 'leases', 0, most - 1)
if #members == most then whole = 0 end
for _, member in ipairs(members) do
  local job, fence = member:match('^(%S+) (%d+)$')
  local raw = redis.call('HGET', K(job, 'lease'), fence)
  if raw then
    local lease = cjson.decode(raw)
    local closed = redis.call('BITCOUNT', K(job, 'settled'), int(lease.a), int(lease.z - 1), 'BIT')
      + redis.call('BITCOUNT', K(job, 'refused'), int(lease.a), int(lease.z - 1), 'BIT')
    local lane, open_now = get(job, 'lane') or 'normal', lease.z - lease.a - closed
    leased[job] = (leased[job] or 0) + open_now
    by_lane[lane] = (by_lane[lane] or 0) + open_now
  end
end
local settled, refused = unpack(redis.call('HMGET', P .. 'totals', 'settled', 'refused'))
local told = { tonumber(settled or '0'), tonumber(refused or '0'), whole }
for _, lane in ipairs(LANES) do
  local jobs, waits, oldest = 0, 0, ''
  for _, caller in ipairs(redis.call('ZRANGE', P .. 'runnable:' .. lane, 0, -1)) do
    for _, job in ipairs(redis.call('ZRANGE', P .. 'runnable:' .. lane .. ':' .. caller, 0, most - jobs)) do
      if jobs == most then
        told[3] = 0
        break
      end
      local left = num(job, 'count') - num(job, 'settled') - num(job, 'refused') - (leased[job] or 0)
      jobs = jobs + 1
      if left > 0 then
        waits = waits + left
        local created = get(job, 'created')
        if oldest == '' or tonumber(created) < tonumber(oldest) then oldest = created end
      end
    end
  end
  told[#told + 1] = jobs
  told[#told + 1] = waits
  told[#told + 1] = by_lane[lane] or 0
  told[#told + 1] = oldest
end
return told
