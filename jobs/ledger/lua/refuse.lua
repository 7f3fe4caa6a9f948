-- A variant has no picture, and why. Only from a live lease over that index, once for each.
-- job epoch fence index code message
-- Returns {1 when it counted, the job's state}.
local job = A(1)
local state = get(job, 'state')
if not state then return { 0, 'gone' } end
local expiry = redis.call('ZSCORE', P .. 'leases', job .. ' ' .. A(3))
if terminal(state) or get(job, 'epoch') ~= A(2) or not expiry or tonumber(expiry) < NOW then return { 0, state } end
local index, raw = tonumber(A(4)), redis.call('HGET', K(job, 'lease'), A(3))
local lease = raw and cjson.decode(raw) or { a = 0, z = 0 }
if index < lease.a or index >= lease.z then return { 0, state } end
local counted = refuse(job, index, A(5), A(6))
return { counted and 1 or 0, finish_check(job) }
