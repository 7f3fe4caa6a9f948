-- What every script shares. ARGV[1]: key prefix. ARGV[2]: Unix seconds in tests, '' for the server's own clock.
-- A(n) is the script's own n-th argument. Scripts touch undeclared keys: one primary, no cluster (see keyspace.py).
local P = ARGV[1]
local MAX_EVENTS, MAX_REFUSALS, MAX_CHUNK, MIN_CHUNK, MAX_DEATHS, MAX_FIGURES = 2000, 1000, 512, 8, 3, 20000
local LANES = { 'urgent', 'normal', 'background' }

local function A(n) return ARGV[n + 2] end

local function clock()
  if ARGV[2] ~= '' then return tonumber(ARGV[2]) end
  local t = redis.call('TIME')
  return tonumber(t[1]) + tonumber(t[2]) / 1000000
end
local NOW = clock()

local function stamp(seconds) return string.format('%.6f', seconds) end
local function int(number) return string.format('%d', number) end
local function K(job, part) return P .. 'job:' .. job .. (part and ':' .. part or '') end
local function get(job, field) return redis.call('HGET', K(job), field) end
local function num(job, field) return tonumber(get(job, field) or '0') or 0 end

local function event(job, kind, ...)
  redis.call('XADD', K(job, 'events'), 'MAXLEN', '~', MAX_EVENTS, '*', 'kind', kind, ...)
end

local function terminal(state)
  return state == 'succeeded' or state == 'partial' or state == 'failed' or state == 'cancelled'
end

-- The one way into a state (nil: out of the ledger), so that how many jobs stand in each is counted exactly.
local function move(job, state)
  local was = get(job, 'state')
  if was then redis.call('HINCRBY', P .. 'states', was, -1) end
  if state then
    redis.call('HINCRBY', P .. 'states', state, 1)
    redis.call('HSET', K(job), 'state', state)
  end
end

-- A caller that comes (back) starts at the lowest virtual time there is: it neither saves up turns nor waits for others'.
local function make_runnable(job)
  local lane, caller, created = unpack(redis.call('HMGET', K(job), 'lane', 'caller', 'created'))
  redis.call('ZADD', P .. 'runnable:' .. lane .. ':' .. caller, 'NX', created, job)
  local callers = P .. 'runnable:' .. lane
  if not redis.call('ZSCORE', callers, caller) then
    local first = redis.call('ZRANGE', callers, 0, 0, 'WITHSCORES')
    redis.call('ZADD', callers, first[2] or '0', caller)
  end
end

local function not_runnable(job)
  local lane, caller = unpack(redis.call('HMGET', K(job), 'lane', 'caller'))
  local mine = P .. 'runnable:' .. lane .. ':' .. caller
  redis.call('ZREM', mine, job)
  if redis.call('ZCARD', mine) == 0 then redis.call('ZREM', P .. 'runnable:' .. lane, caller) end
end

local function drop_leases(job)
  for _, fence in ipairs(redis.call('HKEYS', K(job, 'lease'))) do
    redis.call('ZREM', P .. 'leases', job .. ' ' .. fence)
  end
  redis.call('DEL', K(job, 'lease'))
end

-- A paused job keeps what comes back, and is listed again when it is resumed.
local function put_back(job, start, stop, flags, attempt, not_before)
  if stop > start then
    redis.call('ZADD', K(job, 'retry'), stamp(not_before), int(start) .. ' ' .. int(stop) .. ' ' .. flags .. ' ' .. int(attempt))
    if get(job, 'state') ~= 'paused' then make_runnable(job) end
  end
end

local function able(models, wanted)
  for model in wanted:gmatch('%S+') do
    if not models:find(' ' .. model .. ' ', 1, true) then return false end
  end
  return true
end

-- Whether anything of a job could be leased now.
local function leasable(job)
  return num(job, 'cursor') < num(job, 'total') or redis.call('ZCOUNT', K(job, 'retry'), '-inf', stamp(NOW)) > 0
end

local function open(job, index)
  return redis.call('GETBIT', K(job, 'settled'), index) == 0 and redis.call('GETBIT', K(job, 'refused'), index) == 0
end

-- BITPOS answers 0 for a missing key and -1 past the end; both read as zeros here.
local function next_set(key, from, limit)
  local found = redis.call('BITPOS', key, 1, int(from), -1, 'BIT')
  return (found < 0 or found > limit) and limit or found
end

local function next_clear(key, from, limit)
  if redis.call('STRLEN', key) * 8 <= from then return from end
  local found = redis.call('BITPOS', key, 0, int(from), -1, 'BIT')
  return math.min(limit, found < 0 and redis.call('STRLEN', key) * 8 or found)
end

local function first_open(job, from, limit)
  local settled, refused = K(job, 'settled'), K(job, 'refused')
  while from < limit do
    local clear = math.max(next_clear(settled, from, limit), next_clear(refused, from, limit))
    if clear == from then return from end
    from = clear
  end
  return limit
end

local function open_until(job, from, limit)
  return math.min(next_set(K(job, 'settled'), from, limit), next_set(K(job, 'refused'), from, limit))
end

-- What is open in [from, limit) goes out again: one wide range (flag w), which leasing cuts into its open stretches one
-- by one. A range for each stretch would be megabytes where every other variant is open. Only where nothing else of the
-- job is leased or waits.
local function put_back_open(job, from, limit)
  put_back(job, first_open(job, from, limit), limit, 'rw', 0, NOW)
end

-- Variants without an outcome in the caller's jobs other than this one.
local function open_of(caller, job)
  local open = 0
  for _, other in ipairs(redis.call('SMEMBERS', P .. 'active:' .. caller)) do
    if other ~= job then open = open + num(other, 'count') - num(other, 'settled') - num(other, 'refused') end
  end
  return open
end

local function pause(job, state, reason)
  move(job, 'paused')
  redis.call('HSET', K(job), 'reason', reason, 'before_pause', state)
  not_runnable(job)
  event(job, 'paused', 'reason', reason)
end

-- Which budget is spent, as the reason for a pause; nil while none is.
local function spent(job)
  local images, seconds, used = unpack(redis.call('HMGET', K(job), 'budget_images', 'budget_gpu', 'used_gpu'))
  if images and images ~= '' and num(job, 'settled') >= tonumber(images) then
    return 'the budget of ' .. images .. ' images is spent'
  end
  if seconds and seconds ~= '' and tonumber(used or '0') >= tonumber(seconds) then
    return 'the budget of ' .. seconds .. ' GPU seconds is spent'
  end
  return nil
end

local function close(job, state, reason)
  move(job, state)
  redis.call('HSET', K(job), 'reason', reason, 'finished', stamp(NOW), 'written', '0')
  redis.call('SREM', P .. 'active:' .. get(job, 'caller'), job)
  not_runnable(job)
  drop_leases(job)
  redis.call('DEL', K(job, 'retry'), K(job, 'blame'))
  redis.call('ZADD', P .. 'duties', stamp(NOW), 'finish ' .. job)
  event(job, 'finished', 'state', state, 'settled', get(job, 'settled'), 'refused', get(job, 'refused'), 'reason', reason)
end

-- Every transition ends here: whatever path led to the last outcome, the job ends exactly once.
-- Returns the job's state.
local function finish_check(job)
  local state = get(job, 'state')
  if terminal(state) or state == 'planning' then return state end
  local settled, refused, count = num(job, 'settled'), num(job, 'refused'), num(job, 'count')
  if settled + refused >= count then
    local ending = 'partial'
    if refused == 0 then ending = 'succeeded' elseif settled == 0 then ending = 'failed' end
    close(job, ending, refused > 0 and int(refused) .. ' refused' or '')
    return ending
  end
  local limit = num(job, 'max_failures')
  if get(job, 'max_failures') ~= '' and refused > limit then
    close(job, 'failed', int(refused) .. ' refused, more than max_failures (' .. int(limit) .. ')')
    return 'failed'
  end
  -- Nothing open is leased, waiting or ahead of the cursor: a holder lost track of something. Give it all out again, but
  -- not for ever: the fourth time the books themselves are wrong.
  local total = num(job, 'total')
  if num(job, 'cursor') >= total and redis.call('HLEN', K(job, 'lease')) == 0 and redis.call('ZCARD', K(job, 'retry')) == 0 then
    if redis.call('HINCRBY', K(job), 'heals', 1) > 3 then
      close(job, 'failed', 'the counts of the job do not add up')
      return 'failed'
    end
    put_back_open(job, 0, total)
  end
  return state
end

local function refuse(job, index, code, message)
  if not open(job, index) then return false end
  redis.call('SETBIT', K(job, 'refused'), index, 1)
  local refused = redis.call('HINCRBY', K(job), 'refused', 1)
  redis.call('HINCRBY', P .. 'totals', 'refused', 1)
  redis.call('HINCRBY', K(job, 'causes'), code, 1)
  redis.call('SETBIT', K(job, 'cause:' .. code), index, 1)
  if redis.call('HLEN', K(job, 'refusals')) < MAX_REFUSALS then
    redis.call('HSET', K(job, 'refusals'), int(index), code .. ' ' .. message)
  end
  redis.call('HDEL', K(job, 'blame'), int(index))
  event(job, 'refused', 'index', int(index), 'code', code, 'message', message,
    'settled', get(job, 'settled'), 'refused', int(refused), 'count', get(job, 'count'))
  return true
end
