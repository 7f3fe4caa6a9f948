"""Which worker holds what: the leases of the whole farm, by worker."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from jobs.ledger.book import Book
from jobs.ledger.insight import SHOWN
from jobs.ledger.scripts import speaking_to_redis


@dataclass(frozen=True, slots=True)
class Chunk:
    """A lease that a worker holds: `start <= index < stop`. in_flight: rows of it. held_seconds: since it was given."""

    job: str
    caller: str
    start: int
    stop: int
    in_flight: int
    held_seconds: float


def chunks_by_worker(book: Book) -> Mapping[str, Sequence[Chunk]]:
    """The leases that are out, the first thousand to expire."""
    keys = book.keys
    with speaking_to_redis():
        seconds, micros = book.redis.time()
        members = [member.split(" ") for member in book.redis.zrange(keys.named("leases"), 0, SHOWN - 1)]
        pipe = book.redis.pipeline(transaction=False)
        for job, fence in members:
            pipe.hget(keys.job(job, "lease"), fence)
            pipe.hget(keys.job(job), "caller")
        rows = iter(pipe.execute() if members else ())
    now = book.script.now or seconds + micros / 1e6
    found: dict[str, list[Chunk]] = {}
    for job, _ in members:
        text, caller = next(rows), next(rows)
        if text is None or caller is None:
            continue
        lease = json.loads(text)
        held = max(0.0, now - float(lease["since"]))
        flight = len(lease["flight"].split())
        found.setdefault(lease["worker"], []).append(Chunk(job, caller, lease["a"], lease["z"], flight, held))
    return found
