-- What may be missing around a job so that nobody would ever take it up again; missing things are put back when asked.
-- job repair('1' to put back)
-- Returns '' when all is well, else plan | finish | runnable.
local job, repair = A(1), A(2) == '1'
local state = get(job, 'state')
if not state then return '' end
local duty = state == 'planning' and 'plan' or (terminal(state) and get(job, 'written') ~= '1' and 'finish') or nil
if duty then
  if redis.call('ZSCORE', P .. 'duties', duty .. ' ' .. job) then return '' end
  if repair then redis.call('ZADD', P .. 'duties', stamp(NOW), duty .. ' ' .. job) end
  return duty
end
if state ~= 'queued' and state ~= 'running' then return '' end
if num(job, 'cursor') >= num(job, 'total') and redis.call('ZCARD', K(job, 'retry')) == 0 then return '' end
local lane, caller = unpack(redis.call('HMGET', K(job), 'lane', 'caller'))
local listed = redis.call('ZSCORE', P .. 'runnable:' .. lane .. ':' .. caller, job)
if listed and redis.call('ZSCORE', P .. 'runnable:' .. lane, caller) then return '' end
if repair then make_runnable(job) end
return 'runnable'
