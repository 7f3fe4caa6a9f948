"""What stands between a job and its end, or a variant and its picture: facts from the ledger, for `why`."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from jobs.errors import NotFound
from jobs.ledger.book import Book
from jobs.ledger.scripts import speaking_to_redis
from jobs.ledger.views import JobView
from jobs.state import Lane, State

SHOWN = 1000
"""Leases and waiting ranges that are looked through at most; a farm holds far fewer at once."""


class Standing(StrEnum):
    """The derived state of one variant; see `jobs.state`."""

    SETTLED = "settled"
    REFUSED = "refused"
    LEASED = "leased"
    WAITING = "waiting"
    REAPED = "reaped"
    PENDING = "pending"


@dataclass(frozen=True, slots=True)
class Holding:
    """A lease that is out: `start <= index < stop`; seconds since it was given, and left until it expires."""

    worker: str
    start: int
    stop: int
    in_flight: frozenset[int]
    alone: bool
    held_seconds: float
    left_seconds: float


@dataclass(frozen=True, slots=True)
class Waiting:
    """A range that is given out again, no sooner than in `in_seconds` (0: now). attempt: tries that failed before."""

    start: int
    stop: int
    alone: bool
    attempt: int
    in_seconds: float


@dataclass(frozen=True, slots=True)
class Situation:
    """What a job waits for.

    higher_leases: leases that jobs of more urgent lanes hold now. jobs_before: older jobs of the same caller and lane
    that have something to lease. callers_before: callers of the lane whose turn comes first.
    """

    view: JobView
    leases: tuple[Holding, ...]
    waiting: tuple[Waiting, ...]
    higher_leases: int
    jobs_before: int
    callers_before: int


@dataclass(frozen=True, slots=True)
class VariantFacts:
    """Where one variant stands. code and message: of its refusal. lost_alone: workers lost while it ran alone."""

    index: int
    standing: Standing
    code: str = ""
    message: str = ""
    lost_alone: int = 0
    holding: Holding | None = None
    waiting: Waiting | None = None


def situation(book: Book, job: str, *, caller: str | None = None) -> Situation:
    """What the job waits for.

    Raises:
        NotFound: no such job, or not this caller's.

    """
    view = book.describe(job, caller=caller)
    keys = book.keys
    with speaking_to_redis():
        pipe = book.redis.pipeline(transaction=True)
        pipe.time()
        pipe.hgetall(keys.job(job, "lease"))
        pipe.zrange(keys.job(job, "retry"), 0, SHOWN - 1, withscores=True)
        pipe.zrange(keys.named("leases"), 0, SHOWN - 1, withscores=True)
        pipe.zrank(keys.named(f"runnable:{view.lane}:{view.caller}"), job)
        pipe.zrank(keys.named(f"runnable:{view.lane}"), view.caller)
        (seconds, micros), held, retry, leases, jobs_before, callers_before = pipe.execute()
    now = book.script.now or seconds + micros / 1e6
    return Situation(
        view=view,
        leases=_holdings(job, held, dict(leases), now),
        waiting=tuple(_waiting(member, due, now) for member, due in retry),
        higher_leases=_higher(book, job, view.lane, [member for member, _ in leases]),
        jobs_before=int(jobs_before or 0),
        callers_before=int(callers_before or 0),
    )


def variant(book: Book, found: Situation, index: int) -> VariantFacts:
    """Where variant `index` of the job stands.

    Raises:
        NotFound: the job has no such variant.

    """
    view = found.view
    if not 0 <= index < view.total:
        said = f"the job {view.id} has no variant {index}: it has {view.total}, counted from 0"
        raise NotFound(said, remedy="Name one of these.")
    keys = book.keys
    with speaking_to_redis():
        pipe = book.redis.pipeline(transaction=True)
        pipe.getbit(keys.job(view.id, "settled"), index)
        pipe.getbit(keys.job(view.id, "refused"), index)
        pipe.hget(keys.job(view.id, "refusals"), str(index))
        pipe.hget(keys.job(view.id, "blame"), str(index))
        for code in view.causes:
            pipe.getbit(keys.job(view.id, f"cause:{code}"), index)
        settled, refused, said, blame, *causes = pipe.execute()
    if settled:
        return VariantFacts(index, Standing.SETTLED)
    if refused:
        code, _, message = (said or "").partition(" ")
        known = [cause for cause, bit in zip(view.causes, causes, strict=True) if bit]
        return VariantFacts(index, Standing.REFUSED, code or next(iter(known), ""), message)
    lost = int(blame or 0)
    for holding in found.leases:
        if holding.start <= index < holding.stop:
            return VariantFacts(index, Standing.LEASED, holding=holding, lost_alone=lost)
    for waiting in found.waiting:
        if waiting.start <= index < waiting.stop:
            return VariantFacts(index, Standing.WAITING, waiting=waiting, lost_alone=lost)
    return VariantFacts(index, Standing.REAPED if index < view.cursor else Standing.PENDING, lost_alone=lost)


def _holdings(job: str, held: Mapping[str, str], expiries: Mapping[str, float], now: float) -> tuple[Holding, ...]:
    found = []
    for fence, text in held.items():
        lease = json.loads(text)
        found.append(
            Holding(
                worker=lease["worker"],
                start=int(lease["a"]),
                stop=int(lease["z"]),
                in_flight=frozenset(map(int, lease["flight"].split())),
                alone="a" in lease["flags"],
                held_seconds=max(0.0, now - float(lease["since"])),
                left_seconds=expiries.get(f"{job} {fence}", now) - now,
            )
        )
    return tuple(sorted(found, key=lambda one: one.start))


def _waiting(member: str, due: float, now: float) -> Waiting:
    start, stop, flags, attempt = member.split()
    return Waiting(int(start), int(stop), "a" in flags, int(attempt), max(0.0, due - now))


def _higher(book: Book, job: str, lane: Lane, leases: Sequence[str]) -> int:
    """How many of the leases ("job fence") belong to jobs of lanes above `lane`."""
    lanes = list(Lane)
    above = {str(higher) for higher in lanes[: lanes.index(lane)]}
    others = sorted({member.partition(" ")[0] for member in leases} - {job})
    if not above or not others:
        return 0
    with speaking_to_redis():
        pipe = book.redis.pipeline(transaction=False)
        for other in others:
            pipe.hget(book.keys.job(other), "lane")
        urgent = {other for other, its in zip(others, pipe.execute(), strict=True) if its in above}
    return sum(member.partition(" ")[0] in urgent for member in leases)


def stands_still(view: JobView) -> bool:
    """Whether nobody would lease of the job now, whatever it holds."""
    return view.state.terminal or view.state in {State.PLANNING, State.PAUSED}
