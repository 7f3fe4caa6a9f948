"""What an operator wants to know of the ledger as a whole: its server, what is overdue, what nobody can do."""

from collections.abc import Iterator
from dataclasses import dataclass

from jobs.ledger.book import Book
from jobs.ledger.scripts import speaking_to_redis
from jobs.state import Lane

LATEST = 1000
"""Jobs that are looked through, newest first; older ones that still stand in the books are few."""
LATE_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Server:
    """The Redis server. limit_bytes: maxmemory, 0 for none."""

    name: str
    version: str
    used_bytes: int
    limit_bytes: int
    evicted: int


def server(book: Book) -> Server:
    """What the server says of itself."""
    with speaking_to_redis():
        about, memory, stats = (book.redis.info(section) for section in ("server", "memory", "stats"))
    valkey = about.get("valkey_version")
    return Server(
        name="Valkey" if valkey else "Redis",
        version=str(valkey or about.get("redis_version", "?")),
        used_bytes=int(memory.get("used_memory", 0)),
        limit_bytes=int(memory.get("maxmemory", 0)),
        evicted=int(stats.get("evicted_keys", 0)),
    )


@dataclass(frozen=True, slots=True)
class Overdue:
    """Leases that expired, and duties that were due, more than LATE_SECONDS ago."""

    leases: int
    duties: int


def overdue(book: Book) -> Overdue:
    """What nobody has taken care of."""
    with speaking_to_redis():
        seconds, _ = book.redis.time()
        before = (book.script.now or seconds) - LATE_SECONDS
        return Overdue(
            leases=int(book.redis.zcount(book.keys.named("leases"), "-inf", before)),
            duties=int(book.redis.zcount(book.keys.named("duties"), "-inf", before)),
        )


def wanted_models(book: Book) -> dict[str, tuple[str, ...]]:
    """The models that each job needs which has something to lease, by job."""
    found: dict[str, tuple[str, ...]] = {}
    with speaking_to_redis():
        for lane in Lane:
            for caller in book.redis.zrange(book.keys.named(f"runnable:{lane}"), 0, 63):
                for job in book.redis.zrange(book.keys.named(f"runnable:{lane}:{caller}"), 0, 63):
                    found[job] = tuple(str(book.redis.hget(book.keys.job(job), "models") or "").split())
    return found


def broken(book: Book, *, repair: bool) -> Iterator[tuple[str, str]]:
    """Jobs that nobody would ever take up again, each with what is missing: plan, finish (a duty) or runnable."""
    with speaking_to_redis():
        latest = book.redis.zrevrange(book.keys.named("jobs:all"), 0, LATEST - 1)
    for job in latest:
        if missing := str(book.script("mend", job, int(repair))):
            yield job, missing
