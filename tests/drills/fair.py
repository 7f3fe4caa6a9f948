"""One caller with a million variants, twenty with two hundred: nobody waits behind another's backlog."""

import heapq
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import redis

from api.cli.bench import Figure
from jobs.ledger.book import Book
from jobs.ledger.leasing import Leasing
from jobs.ledger.views import Lease
from jobs.state import Lane
from tests.faults.redis_control import RedisControl

NAME = "fair"
SUMMARY = (
    "Twenty callers with 200 variants come while one with 10⁶ is served: their waits, and Jain's index of the shares."
)
CALLERS, SMALL, LARGE = 20, 200, 1_000_000
SLOTS = 8
SECONDS_EACH = 0.5
CHUNK = 40
CHUNK_SECONDS = CHUNK * SECONDS_EACH
JAIN = 0.95


@dataclass
class Night:
    """The real ledger, with a clock and workers that exist only as moments at which they are free again."""

    book: Book
    leasing: Leasing
    now: float = 1_000_000.0
    free: list[tuple[float, int, Lease | None]] = field(default_factory=list)
    served: dict[str, int] = field(default_factory=dict)
    first: dict[str, float] = field(default_factory=dict)

    def accept(self, caller: str, count: int) -> None:
        """A job of `count` variants, ready to be leased."""
        job = f"job-{caller}"
        self.book.accept(
            job=job, caller=caller, lane=Lane.NORMAL, name="", spec=b"{}", spec_hash="", count=count, total=count,
            models=("tiny",), results_uri="s3://out/", max_failures=None, idempotency_key=None, body_hash="",
        )  # fmt: skip
        self.leasing.ready(job, count=count, total=count, span=1, manifest_uri="s3://out/manifest.json")

    def step(self) -> None:
        """The worker that is free first settles what it has and takes the next lease."""
        self.now, number, lease = heapq.heappop(self.free)
        if lease is not None:
            self.leasing.settle(lease, range(lease.start, lease.stop))
            self.leasing.release(lease, [], chunk=CHUNK)
        taken = self.leasing.lease(
            f"worker-{number}", models=["tiny"], lease_seconds=3600, slots=SLOTS, first_chunk=CHUNK, urgent_only=False,
            alone_allowed=True,
        )  # fmt: skip
        size = 0
        if isinstance(taken, Lease):
            size = taken.stop - taken.start
            self.first.setdefault(taken.caller, self.now)
            self.served[taken.caller] = self.served.get(taken.caller, 0) + size
        heapq.heappush(
            self.free, (self.now + max(1, size) * SECONDS_EACH, number, taken if isinstance(taken, Lease) else None)
        )


def run(progress: Callable[[str], None], *, short: bool) -> list[Figure]:
    """The same in both forms: it takes a second or two, on a clock that is moved by hand."""
    del short
    with tempfile.TemporaryDirectory(prefix="pentimento-drill-") as name, RedisControl(Path(name)) as control:
        client: Any = redis.Redis.from_url(control.url, decode_responses=True)
        with client:
            waits, shares, done = _drill(client)
    progress(f"waited {min(waits):.0f} to {max(waits):.0f} s; a chunk takes {CHUNK_SECONDS:.0f} s")
    mean, jain = sum(waits) / len(waits), _jain(shares)
    bound = 2 * CHUNK_SECONDS
    return [
        Figure("a chunk", CHUNK_SECONDS, "s"),
        Figure("small callers' wait for a first lease, mean", mean, "s", f"< {bound:g} s", mean < bound),
        Figure("the same, longest", max(waits), "s"),
        Figure("Jain's index of shares while all were active", jain, "", f"≥ {JAIN}", jain >= JAIN),
        Figure("small jobs that ended while the large one went on", done, "", str(CALLERS), done == CALLERS),
    ]


def _drill(client: Any) -> tuple[list[float], list[int], int]:
    night = Night(Book(client), Leasing(Book(client)))
    clock = Book(client, now=lambda: night.now)
    night.book, night.leasing = clock, Leasing(clock)
    night.free = [(night.now + number * 0.1, number, None) for number in range(SLOTS)]
    night.accept("large", LARGE)
    for _ in range(10 * SLOTS):
        night.step()
    came = night.now
    for number in range(CALLERS):
        night.accept(f"small-{number:02}", SMALL)
    before = dict(night.served)
    # Until the first of the small ones is served in full, all of them want more.
    while max((night.served.get(f"small-{number:02}", 0) for number in range(CALLERS)), default=0) < SMALL:
        night.step()
    shares = [served - before.get(caller, 0) for caller, served in night.served.items()]
    jobs = [f"job-small-{number:02}" for number in range(CALLERS)]
    while not all(night.book.describe(job).state.terminal for job in jobs):
        night.step()
    waits = [night.first[f"small-{number:02}"] - came for number in range(CALLERS)]
    done = 0 if night.book.describe("job-large").state.terminal else len(jobs)
    return waits, shares, done


def _jain(shares: list[int]) -> float:
    return sum(shares) ** 2 / (len(shares) * sum(share * share for share in shares))
