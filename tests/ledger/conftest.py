"""A ledger on the real Redis, with a clock that a test moves by hand."""

from dataclasses import dataclass, field

import pytest
import redis

from jobs.ledger.book import NO_BUDGET, Book
from jobs.ledger.feed import Feed
from jobs.ledger.leasing import Drain, Leasing
from jobs.ledger.views import GiveBack, Lease
from jobs.spec.model import Budget
from jobs.state import Lane


@dataclass
class Clock:
    """Unix seconds that move only when told."""

    now: float = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Desk:
    """A ledger with shorthand for what tests do again and again."""

    book: Book
    leasing: Leasing
    clock: Clock
    jobs: int = field(default=0)

    def accept(
        self,
        count: int = 10,
        *,
        caller: str = "ann",
        lane: Lane = Lane.NORMAL,
        models: tuple[str, ...] = ("tiny",),
        key: str | None = None,
        body: str = "body",
        max_failures: int | None = None,
        budget: Budget = NO_BUDGET,
    ) -> str:
        self.jobs += 1
        accepted = self.book.accept(
            job=f"job-{self.jobs}",
            caller=caller,
            lane=lane,
            name="a sweep",
            spec=b'{"images":[]}',
            spec_hash="5" * 64,
            count=count,
            total=count,
            models=models,
            results_uri="s3://out/ann/job/",
            max_failures=max_failures,
            idempotency_key=key,
            body_hash=body,
            budget=budget,
        )
        return accepted.job

    def ready(self, count: int = 10, *, span: int = 1, **kwargs: object) -> str:
        job = self.accept(count, **kwargs)  # type: ignore[arg-type]
        self.leasing.ready(job, count=count, total=count, span=span, manifest_uri="s3://out/ann/job/manifest.json")
        return job

    def ask(
        self,
        worker: str = "w1",
        *,
        chunk: int = 4,
        alone: bool = True,
        urgent_only: bool = False,
        slots: int = 1,
        models: tuple[str, ...] = ("tiny",),
        loaded: tuple[str, ...] = (),
    ) -> Lease | Drain | None:
        return self.leasing.lease(
            worker,
            models=models,
            lease_seconds=30,
            slots=slots,
            first_chunk=chunk,
            urgent_only=urgent_only,
            alone_allowed=alone,
            loaded=loaded,
        )

    def lease(self, worker: str = "w1", *, chunk: int = 4, alone: bool = True) -> Lease:
        lease = self.ask(worker, chunk=chunk, alone=alone)
        assert isinstance(lease, Lease)
        return lease

    def release(self, lease: Lease, *ranges: tuple[int, int], delay: float = 0) -> str:
        gives = [(GiveBack(a, z, delay), "", "") for a, z in ranges]
        return self.leasing.release(lease, gives, chunk=None)

    def kinds(self, job: str) -> list[str]:
        return [event.kind for event in Feed(self.book.redis).read(job)]


@pytest.fixture
def ledger(redis_url: str) -> Desk:
    """An empty ledger."""
    clock = Clock()
    book = Book(redis.Redis.from_url(redis_url, decode_responses=True), now=clock)
    return Desk(book, Leasing(book), clock)
