-- What a worker has counted since its last parcel is added to the deployment's figures, once: the same parcel again
-- adds nothing. The figures are as many as the code has names for; more than that are of versions long gone.
-- worker number gauges ttl figure difference ...
-- Returns 1 where it was new.
local seen = P .. 'parcel:' .. A(1)
redis.call('SET', P .. 'gauges:' .. A(1), A(3), 'EX', A(4))
if tonumber(redis.call('GET', seen) or '0') >= tonumber(A(2)) then return 0 end
redis.call('SET', seen, A(2), 'EX', 3600)
if redis.call('HLEN', P .. 'figures') > MAX_FIGURES then redis.call('DEL', P .. 'figures') end
for n = 5, #ARGV - 2, 2 do redis.call('HINCRBYFLOAT', P .. 'figures', A(n), A(n + 1)) end
return 1
