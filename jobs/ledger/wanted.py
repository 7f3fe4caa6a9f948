"""How much work there is for one kind of worker, and how many places they have for it.

Work is more than chunks that can be leased: while a lease is out its holder must not be taken away, an expired one
needs a worker that reaps it, and a job that was just accepted has no chunk before a worker has planned it. So a farm
that was scaled to nothing wakes for all of these, and sleeps only when there is none.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from jobs.ledger.book import Book
from jobs.ledger.keyspace import WORKER_SECONDS
from jobs.ledger.leasing import Leasing
from jobs.ledger.scripts import speaking_to_redis

MOST = 1000
"""Chunks and leases that are counted; nobody scales further at one step."""
FIRST_CHUNK = 16
"""Variants in a lease of a job whose speed is unknown: some batches of most models."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """chunks: that could be leased now. leases: out, or expired. duties: about whole jobs, that are due."""

    chunks: int
    leases: int
    duties: int

    @property
    def work(self) -> int:
        """Pieces of work; 0 only where no worker is needed at all."""
        return self.chunks + self.leases + min(1, self.duties)


def wanted(book: Book, *, offers: Iterable[str]) -> Wanted:
    """The work for workers with these offers (models, and the mark of their backend); each count is at most MOST.

    Raises:
        LedgerUnavailable: Redis does not answer.

    """
    has = frozenset(offers)
    demand = Leasing(book).demand(models=has, limit=MOST, first_chunk=FIRST_CHUNK)
    with speaking_to_redis():
        out = book.redis.zrange(book.keys.named("leases"), 0, MOST - 1)
        jobs = [member.partition(" ")[0] for member in out]
        pipe = book.redis.pipeline(transaction=False)
        for job in jobs:
            pipe.hget(book.keys.job(job), "models")
        needs = pipe.execute() if jobs else []
    able = sum(has.issuperset((models or "").split()) for models in needs)
    return Wanted(demand.render, able, demand.duties)


def note_places(book: Book, queue: str, places: int) -> None:
    """The live workers of a queue may hold so many leases together; forgotten when nobody says so any more.

    Raises:
        LedgerUnavailable: Redis does not answer.

    """
    with speaking_to_redis():
        book.redis.set(book.keys.named(f"places:{queue}"), places, ex=WORKER_SECONDS)


def noted_places(book: Book, queue: str) -> int:
    """What was noted last, 0 where nobody has lately.

    Raises:
        LedgerUnavailable: Redis does not answer.

    """
    with speaking_to_redis():
        return int(book.redis.get(book.keys.named(f"places:{queue}")) or 0)
