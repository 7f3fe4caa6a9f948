-- How many tickets there is work for: chunks that this kind of worker could lease now, and duties that are due.
-- models(space separated, with a space before and after) limit first_chunk
-- Returns {render tickets, of them urgent, due duties}, the first two bounded by limit.
local models, limit, first_chunk = A(1), tonumber(A(2)), tonumber(A(3))
local wanted, urgent = 0, 0

-- A wide range hides how many open stretches it has: at most one a variant, and a ticket too many finds nothing to do.
local function waiting(job)
  local found = 0
  for _, range in ipairs(redis.call('ZRANGEBYSCORE', K(job, 'retry'), '-inf', stamp(NOW), 'LIMIT', 0, limit)) do
    found = found + (range:find('w', 1, true) and num(job, 'count') - num(job, 'settled') - num(job, 'refused') or 1)
  end
  return found
end

for _, lane in ipairs(LANES) do
  for _, caller in ipairs(redis.call('ZRANGE', P .. 'runnable:' .. lane, 0, 63)) do
    for _, job in ipairs(redis.call('ZRANGE', P .. 'runnable:' .. lane .. ':' .. caller, 0, 63)) do
      if wanted >= limit then break end
      if able(models, get(job, 'models') or '') then
        local chunk = math.min(tonumber(get(job, 'chunk') or '') or first_chunk, MAX_CHUNK)
        wanted = wanted + math.ceil((num(job, 'total') - num(job, 'cursor')) / math.max(1, chunk))
          + waiting(job)
      end
    end
  end
  if lane == 'urgent' then urgent = wanted end
end
return { math.min(wanted, limit), math.min(urgent, limit), redis.call('ZCOUNT', P .. 'duties', '-inf', stamp(NOW)) }
