"""The ledger's pulse: what an engineer on call reads off it, in a few round trips however large the jobs are."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from jobs.ledger.book import Book
from jobs.ledger.health import LATE_SECONDS
from jobs.ledger.scripts import speaking_to_redis
from jobs.state import Lane, State

CALLERS = 64
JOBS = 64
"""Callers of a lane, and jobs of a caller, that are looked at: as many as leasing and dispatching look at."""
DUTIES = 1000
KINDS = ("plan", "finish", "hook", "marks")


@dataclass(frozen=True, slots=True)
class Queue:
    """What one lane has to lease. oldest_seconds: since the oldest of the jobs was accepted, 0 where there is none."""

    jobs: int
    variants: int
    oldest_seconds: float


@dataclass(frozen=True, slots=True)
class Pulse:
    """The ledger at one moment.

    jobs: by state, all that it holds. wanted: what a worker must have (a model, a backend's mark) → jobs that need it.
    leases: that are out; overdue: expired for more than LATE_SECONDS. duties, duties_overdue: by kind, how many, and
    for how long the oldest is due.
    """

    jobs: Mapping[State, int]
    queues: Mapping[Lane, Queue]
    wanted: Mapping[str, int]
    leases: int
    leases_overdue: int
    duties: Mapping[str, int]
    duties_overdue: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Memory:
    """The Redis server's. limit_bytes: maxmemory, else what its machine has. aof_ok: its last write went well."""

    used_bytes: int
    limit_bytes: int
    evicted: int
    aof_ok: bool


def pulse(book: Book) -> Pulse:
    """Take it.

    Raises:
        LedgerUnavailable: Redis does not answer.

    """
    with speaking_to_redis():
        seconds, micros = book.redis.time()
        now = book.script.now or seconds + micros / 1e6
        lanes = {lane: _runnable(book, lane) for lane in Lane}
        leases = book.keys.named("leases")
        pipe = book.redis.pipeline(transaction=False)
        pipe.zcard(leases)
        pipe.zcount(leases, "-inf", now - LATE_SECONDS)
        pipe.zrange(book.keys.named("duties"), 0, DUTIES - 1, withscores=True)
        pipe.hgetall(book.keys.named("states"))
        out, overdue, duties, states = pipe.execute()
    kinds = [(member.partition(" ")[0], due) for member, due in duties]
    return Pulse(
        jobs={state: max(0, int(states.get(state, 0))) for state in State},
        queues={lane: _queue(jobs, now) for lane, jobs in lanes.items()},
        wanted=Counter(name for jobs in lanes.values() for job in jobs for name in set((job[0] or "").split())),
        leases=int(out),
        leases_overdue=int(overdue),
        duties={kind: sum(its == kind for its, _ in kinds) for kind in KINDS},
        duties_overdue={
            kind: max((max(0.0, now - due) for its, due in kinds if its == kind), default=0.0) for kind in KINDS
        },
    )


def memory(book: Book) -> Memory:
    """What the server says of its memory and of its append-only file.

    Raises:
        LedgerUnavailable: Redis does not answer.

    """
    with speaking_to_redis():
        memory, stats, file = (book.redis.info(section) for section in ("memory", "stats", "persistence"))
    return Memory(
        used_bytes=int(memory.get("used_memory", 0)),
        limit_bytes=int(memory.get("maxmemory", 0)) or int(memory.get("total_system_memory", 0)),
        evicted=int(stats.get("evicted_keys", 0)),
        aof_ok=str(file.get("aof_last_write_status", "ok")) == "ok",
    )


def _runnable(book: Book, lane: Lane) -> Sequence[Sequence[str | None]]:
    """models, count, settled, refused and created of the lane's jobs that have something to lease."""
    redis, keys = book.redis, book.keys
    callers = redis.zrange(keys.named(f"runnable:{lane}"), 0, CALLERS - 1)
    pipe = redis.pipeline(transaction=False)
    for caller in callers:
        pipe.zrange(keys.named(f"runnable:{lane}:{caller}"), 0, JOBS - 1)
    jobs = [job for found in (pipe.execute() if callers else ()) for job in found]
    for job in jobs:
        pipe.hmget(keys.job(job), "models", "count", "settled", "refused", "created")
    return pipe.execute() if jobs else ()


def _queue(jobs: Sequence[Sequence[str | None]], now: float) -> Queue:
    still = [max(0, int(count or 0) - int(settled or 0) - int(refused or 0)) for _, count, settled, refused, _ in jobs]
    return Queue(
        jobs=len(jobs),
        variants=sum(still),
        oldest_seconds=max((now - float(job[4] or now) for job in jobs), default=0.0),
    )
