"""How long finished jobs stay in the ledger: which are old enough, and how they leave it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from jobs.ledger.book import Book
from jobs.ledger.keyspace import TOMBSTONE_SECONDS
from jobs.ledger.scripts import speaking_to_redis
from jobs.state import State

PAGE = 500


@dataclass(frozen=True, slots=True)
class Finished:
    """A job that is over and written."""

    id: str
    state: State
    results_uri: str
    finished_at: float


def finished(book: Book, *, caller: str | None, older_than_seconds: float) -> Iterator[Finished]:
    """The jobs that ended so long ago, oldest first; of one caller, or with None of all."""
    with speaking_to_redis():
        seconds, _ = book.redis.time()
    before = (book.script.now or seconds) - older_than_seconds
    key = book.keys.named("jobs:all") if caller is None else book.keys.jobs(caller)
    with speaking_to_redis():
        listed = book.redis.zrange(key, 0, -1)  # 26 bytes each; the list shrinks while its jobs are forgotten
    for start in range(0, len(listed), PAGE):
        for job, (state, results_uri, ended, written) in _rows(book, listed[start : start + PAGE]):
            if state is None or not State(state).terminal or written != "1":
                continue
            if float(ended or 0) <= before:
                yield Finished(job, State(state), str(results_uri), float(ended or 0))


def forget(book: Book, job: str) -> bool:
    """Take a finished job out of the ledger; False where it may not go (yet)."""
    return bool(book.script("prune", job, TOMBSTONE_SECONDS))


def _rows(book: Book, jobs: Sequence[str]) -> list[tuple[str, list[str | None]]]:
    with speaking_to_redis():
        pipe = book.redis.pipeline(transaction=False)
        for job in jobs:
            pipe.hmget(book.keys.job(job), "state", "results_uri", "finished", "written")
        rows = pipe.execute()
    return list(zip(jobs, rows, strict=True))
