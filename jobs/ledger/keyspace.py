"""Every Redis key of the ledger, with its type and what it holds, so that nobody has to read Lua to know the state.

All keys start with the deployment's prefix (`PENTIMENTO_REDIS_PREFIX`, default `pm:`). One Redis primary: a script may
touch a job's keys and global ones together, so that no crash falls between them; Redis Cluster is not supported.

======================  ======  =====================================================================================
key                     type    holds
======================  ======  =====================================================================================
job:{id}                hash    caller, name, state, reason, before_pause, lane, models, spec_hash, results_uri,
                                manifest_uri, count, total, span, cursor, settled, refused, epoch, fences, chunk,
                                max_failures, heals, tries_plan, tries_finish, created, started, finished, written,
                                passed (since when others' loaded models go first), budget_images, budget_gpu,
                                used_gpu (seconds of the device), webhook, hook_state, hook_attempts, hook_said,
                                tries_hook, tries_marks, linked (of the job it extends), star, reject (how many are
                                marked), labels (JSON), most_open (variants that the caller may have open, 0 for no
                                bound; asked again when they are counted)
job:{id}:spec           string  the frozen spec as zlib-compressed JSON, until planning has put the manifest in storage
job:{id}:settled        bitmap  one bit a variant: the truth about what is done (N/8 bytes)
job:{id}:refused        bitmap  one bit a variant that has no picture; disjoint from settled
job:{id}:refusals       hash    index → "code message", at most MAX_REFUSALS of them (records hold them all)
job:{id}:causes         hash    error code → count
job:{id}:cause:{code}   bitmap  one bit a variant refused for this cause; together they are `refused`
job:{id}:star, :reject  bitmap  one bit a variant that a person marked; disjoint, within `settled`
job:{id}:retry          zset    "start stop flags attempt" → not before (Unix seconds); flags: `a` for
                                alone, `r` for leased before, `w` for wide: only what is open of it
job:{id}:lease          hash    fence → JSON {a, z, worker, flags, attempt, since, flight}
job:{id}:blame          hash    index → workers lost while it ran alone
job:{id}:events         stream  facts for every watcher, capped at about MAX_EVENTS, at about 1000 once
                                the job is written; the stream id is the event id
leases                  zset    "job fence" → expiry (Unix seconds), over all jobs, for the reaper
runnable:{lane}         zset    caller → virtual time, callers that have something to lease
runnable:{lane}:{call}  zset    job → time of acceptance
duties                  zset    "plan job" | "finish job" | "hook job" | "marks job" → not before (Unix
                                seconds); the hooks are the webhooks' outbox
jobs:all, jobs:{caller} zset    job → time of acceptance, for listing without scanning
active:{caller}         set     the caller's jobs that are not over, for its quota
workers                 zset    worker → last seen (Unix seconds)
worker:{id}             hash    device, device_name, backend, models, queue, slots, busy, rendered,
                                memory_used, memory_limit, per_minute, trouble, loading; expires
gone:{id}               string  "caller results_uri" of a job that was pruned, expires after TOMBSTONE_SECONDS
places:{queue}          string  leases that the workers of one queue may hold together; expires
drain:{worker}          string  this worker shall take no more work; expires after DRAIN_SECONDS
idem:{caller}:{key}     string  "job body-hash", expires after IDEMPOTENCY_SECONDS
speed:{model}           hash    "WxH seconds", "WxH steps": what was measured lately (see `speeds`)
waited                  zset    job → until when (Unix seconds) somebody waits for it: the door's calls
waited:late:{id}        string  that job's time has passed once, and it was given some more; expires after an hour
waited:{request}        string  job that was waited for under that request; expires with the wait
lock:{name}             string  one recurring duty at a time, expires
figures                 hash    figure → sum of what all workers have counted (see `figures`)
gauges:{worker}         string  what a worker shows now, JSON; expires
parcel:{worker}         string  number of the last parcel of figures that was added; expires
states                  hash    state → how many jobs stand in it, kept by every change of one
totals                  hash    settled, refused: variants since ever, of all jobs
ring:{hour, day}        list    "at settled refused queued leased workers", the latest samples (see `rings`)
keys                    zset    id of an API key → when it was made; revoked ones stay
key:{id}                hash    digest, caller, label, scopes, created, expires, used, revoked (Unix seconds)
limits:{caller}         hash    what was said of this caller alone (see `limits`)
session:{digest}        string  the id of the key that logged in, expires
quota/...               string  counts of calls and uploads by caller, written by the library `limits`, expire
instance                string  drawn once; absent where jobs exist: Redis lost its state
======================  ======  =====================================================================================
"""

from dataclasses import dataclass
from typing import Final

MAX_REFUSALS: Final = 1000
MAX_EVENTS: Final = 2_000
TOMBSTONE_SECONDS: Final = 365 * 24 * 3600
DRAIN_SECONDS: Final = 30 * 24 * 3600
IDEMPOTENCY_SECONDS: Final = 7 * 24 * 3600
WORKER_SECONDS: Final = 15
"""A worker that was not seen for so long counts as gone."""
MAX_CHUNK: Final = 512
"""Variants in one lease at most; the results pages rely on it to find a variant's record."""
MIN_CHUNK: Final = 8
"""Smaller chunks would leave rows of the engine empty; only an eighth of a measured lease may be less."""
MAX_DEATHS: Final = 3
"""Workers that a variant may kill while it runs alone, before it is refused as poison."""


@dataclass(frozen=True, slots=True)
class Keyspace:
    """The names of the keys under one prefix."""

    prefix: str

    def job(self, job: str, part: str = "") -> str:
        """The job's hash, or one of its other keys."""
        return f"{self.prefix}job:{job}:{part}" if part else f"{self.prefix}job:{job}"

    def jobs(self, caller: str) -> str:
        """The list of one caller's jobs."""
        return f"{self.prefix}jobs:{caller}"

    def worker(self, worker: str) -> str:
        """A worker's announcement."""
        return f"{self.prefix}worker:{worker}"

    def named(self, name: str) -> str:
        """A global key by its plain name."""
        return f"{self.prefix}{name}"
