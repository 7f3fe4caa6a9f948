"""What workers count, kept in Redis, so that one page shows the whole farm also where workers can't be scraped.

`figures` (hash) holds sums over all workers that ever were; `gauges:{worker}` what each of those that live shows now.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from jobs.ledger.book import Book
from jobs.ledger.keyspace import WORKER_SECONDS
from jobs.ledger.scripts import speaking_to_redis
from jobs.telemetry.carrying import Parcel

MAX_WORKERS = 1000
"""Workers whose gauges are read at once; sums know no such bound."""


@dataclass(frozen=True, slots=True)
class Farmwide:
    """Figure → sum over all workers; worker → gauges as JSON. See `jobs.telemetry.carrying`."""

    sums: Mapping[str, float]
    gauges: Mapping[str, str]


class Figures:
    """Thread-safe; every method raises `LedgerUnavailable` when Redis does not answer."""

    def __init__(self, book: Book) -> None:
        self._book = book

    def add(self, worker: str, parcel: Parcel) -> None:
        """Add a worker's parcel; the same one again adds nothing."""
        flat = [part for name, more in parcel.sums.items() for part in (name, repr(more))]
        self._book.script("figures", worker, parcel.number, parcel.gauges, WORKER_SECONDS, *flat)

    def read(self) -> Farmwide:
        """What all workers counted, and what those that live show."""
        redis, keys = self._book.redis, self._book.keys
        with speaking_to_redis():
            sums = redis.hgetall(keys.named("figures"))
            seen = redis.zrevrange(keys.named("workers"), 0, MAX_WORKERS - 1)
            shown = redis.mget([keys.named(f"gauges:{worker}") for worker in seen]) if seen else []
        gauges = {worker: text for worker, text in zip(seen, shown, strict=True) if text}
        return Farmwide({name: float(value) for name, value in sums.items()}, gauges)
