-- Planning is done and the frozen manifest is in storage: the job may be leased.
-- job count total span manifest_uri max_failures hold (why it waits for somebody to resume it, '' where it does not)
-- Returns the job's state.
local job = A(1)
local state = get(job, 'state')
if state ~= 'planning' then return state or 'gone' end
-- What listing found may be more than was known when the caller's quota was asked.
local most, count = num(job, 'most_open'), tonumber(A(2))
if most > 0 and count > num(job, 'count') then
  local open = open_of(get(job, 'caller'), job)
  if open + count > most then
    redis.call('ZREM', P .. 'duties', 'plan ' .. job)
    close(job, 'failed', 'it comes to ' .. int(count) .. ' variants, and its caller may have ' .. int(most)
      .. ' without an outcome, and has ' .. int(open) .. ' of other jobs: wait for those, or list fewer images')
    return 'failed'
  end
end
move(job, 'queued')
redis.call('HSET', K(job), 'count', A(2), 'total', A(3), 'span', A(4), 'manifest_uri', A(5))
if A(6) ~= '' then redis.call('HSET', K(job), 'max_failures', A(6)) end
redis.call('DEL', K(job, 'spec'))
redis.call('ZREM', P .. 'duties', 'plan ' .. job)
event(job, 'queued', 'count', A(2), 'total', A(3))
make_runnable(job)
local now = finish_check(job)
local asked = get(job, 'reason')
local hold = asked ~= '' and asked or A(7)
if hold ~= '' and now == 'queued' then
  pause(job, now, hold)
  return 'paused'
end
return now
