"""How the whole farm does: what waits now, and two bounded rings of samples for charts of the last hour and day.

A sample holds totals since ever; what was made between two is their difference, so that a sample that nobody took is a
gap and never a lie. Workers sample at their ticks, and the API when somebody looks; one of them does, by a lock.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import Final

from jobs.ledger.book import Book
from jobs.ledger.scripts import speaking_to_redis
from jobs.state import Lane

LOOKED: Final = 1000
"""Jobs a lane, and leases, that a sample looks at."""
_GAP_STEPS = 3


class Window(StrEnum):
    """A ring of samples."""

    HOUR = "hour"
    DAY = "day"

    @property
    def step_seconds(self) -> int:
        """Between two samples."""
        return 10 if self is Window.HOUR else 300

    @property
    def size(self) -> int:
        """Samples that are kept."""
        return 361 if self is Window.HOUR else 289


@dataclass(frozen=True, slots=True)
class LaneNow:
    """One lane. queued, leased: variants. oldest: when the oldest job that waits was accepted, None for none."""

    lane: Lane
    jobs: int
    queued: int
    leased: int
    oldest: float | None


@dataclass(frozen=True, slots=True)
class Now:
    """The farm as it stands. settled, refused: variants since ever. whole: nothing was left out of the lanes' sums."""

    at: float
    settled: int
    refused: int
    whole: bool
    lanes: tuple[LaneNow, ...]


@dataclass(frozen=True, slots=True)
class Sample:
    """What a ring holds: totals since ever, and what waited, was leased and was there at that time."""

    at: float
    settled: int
    refused: int
    queued: int
    leased: int
    workers: int


@dataclass(frozen=True, slots=True)
class Point:
    """One step of a chart; None in a gap. rendered, refused: variants since the point before."""

    at: float
    rendered: int | None
    refused: int | None
    queued: int | None
    leased: int | None
    workers: int | None


def look(book: Book) -> Now:
    """What waits and what is in work."""
    settled, refused, whole, *lanes = book.script("lanes", LOOKED)
    with speaking_to_redis():
        seconds, micros = book.redis.time()
    told = zip(Lane, _fours(lanes), strict=True)
    return Now(
        at=book.script.now or seconds + micros / 1e6,
        settled=int(settled),
        refused=int(refused),
        whole=bool(whole),
        lanes=tuple(
            LaneNow(lane, int(jobs), int(queued), int(leased), float(oldest) if oldest else None)
            for lane, (jobs, queued, leased, oldest) in told
        ),
    )


def sample(book: Book, *, workers: int) -> None:
    """Add a sample to each ring that is due for one; cheap where none is."""
    due = [window for window in Window if _is_due(book, window)]
    if not due:
        return
    now = look(book)
    queued, leased = sum(lane.queued for lane in now.lanes), sum(lane.leased for lane in now.lanes)
    text = f"{now.at:.3f} {now.settled} {now.refused} {queued} {leased} {workers}"
    with speaking_to_redis():
        pipe = book.redis.pipeline(transaction=True)
        for window in due:
            pipe.rpush(book.keys.named(f"ring:{window}"), text)
            pipe.ltrim(book.keys.named(f"ring:{window}"), -window.size, -1)
        pipe.execute()


def samples(book: Book, window: Window) -> tuple[Sample, ...]:
    """The samples of a ring, oldest first."""
    with speaking_to_redis():
        rows = book.redis.lrange(book.keys.named(f"ring:{window}"), 0, -1)
    found = []
    for row in rows:
        at, *numbers = row.split()
        found.append(Sample(float(at), *map(int, numbers)))
    return tuple(found)


def points(taken: Sequence[Sample], window: Window) -> tuple[Point, ...]:
    """What a chart shows: a step for each two samples, and a gap where samples are missing between."""
    found = []
    for before, after in pairwise(taken):
        if after.at - before.at > _GAP_STEPS * window.step_seconds:
            found.append(Point((before.at + after.at) / 2, None, None, None, None, None))
            made, refused = None, None
        else:
            made, refused = max(0, after.settled - before.settled), max(0, after.refused - before.refused)
        found.append(Point(after.at, made, refused, after.queued, after.leased, after.workers))
    return tuple(found)


def _is_due(book: Book, window: Window) -> bool:
    key = book.keys.named(f"lock:ring:{window}")
    with speaking_to_redis():
        return bool(book.redis.set(key, "1", nx=True, px=window.step_seconds * 1000 - 500))


def _fours(values: Sequence[str]) -> list[tuple[str, ...]]:
    return [tuple(values[k : k + 4]) for k in range(0, len(values), 4)]
