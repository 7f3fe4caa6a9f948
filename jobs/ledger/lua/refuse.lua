-- A variant has no picture, and why. Only from a live lease, once for each index.
-- job epoch fence index code message
-- Returns {1 when it counted, the job's state}.
local job = A(1)
local state = get(job, 'state')
if not state then return { 0, 'gone' } end
local expiry = redis.call('ZSCORE', P .. 'leases', job .. ' ' .. A(3))
if terminal(state) or get(job, 'epoch') ~= A(2) or not expiry or tonumber(expiry) < NOW then return { 0, state } end
local counted = refuse(job, tonumber(A(4)), A(5), A(6))
return { counted and 1 or 0, finish_check(job) }
