"""Jobs that live as long as a call waits for them: whoever waits says so again and again, and silence ends the job.

The door's process cancels such a job itself when its last call has ended. This is for when that process ends first: the
next one finds the job by the request that is sent again, and a worker cancels what nobody has come back for.
"""

from collections.abc import Collection, Mapping

from jobs.ledger.book import Book
from jobs.ledger.scripts import speaking_to_redis

MOST = 1000
LAST_CHANCE_SECONDS = 20.0
"""Whoever is late is given so long once more: where Redis itself was away, everybody is late."""


class Waits:
    """Thread-safe; every method raises `LedgerUnavailable` when Redis does not answer."""

    def __init__(self, book: Book) -> None:
        self._book = book
        self._key = book.keys.named("waited")

    def hold(self, jobs: Mapping[str, Collection[str]], *, seconds: float) -> None:
        """Somebody waits for each of these jobs, for so long at least; the keys under which each is found again."""
        if not jobs:
            return
        until = self._now() + seconds
        with speaking_to_redis():
            pipe = self._book.redis.pipeline(transaction=True)
            pipe.zadd(self._key, dict.fromkeys(jobs, until))
            for job, keys in jobs.items():
                pipe.delete(self._late(job))
                for key in keys:
                    pipe.set(self._named(key), job, px=max(1, int(seconds * 1000)))
            pipe.execute()

    def forget(self, job: str, keys: Collection[str]) -> None:
        """The job needs nobody to wait for it any more: it is over."""
        with speaking_to_redis():
            pipe = self._book.redis.pipeline(transaction=True)
            pipe.zrem(self._key, job)
            pipe.delete(self._late(job))
            for key in keys:
                pipe.delete(self._named(key))
            pipe.execute()

    def job_of(self, key: str) -> str | None:
        """The job that somebody waited for under this key, while that is not over."""
        with speaking_to_redis():
            found = self._book.redis.get(self._named(key))
        return None if found is None else str(found)

    def left(self) -> tuple[str, ...]:
        """Jobs whose time has passed, and their last chance with it; longest ago first, at most `MOST`."""
        now = self._now()
        with speaking_to_redis():
            late = self._book.redis.zrangebyscore(self._key, "-inf", now, start=0, num=MOST)
            pipe = self._book.redis.pipeline(transaction=False)
            for job in late:
                pipe.set(self._late(job), "1", nx=True, ex=3600)
            first = dict(zip(late, pipe.execute() if late else (), strict=True))
            again = [job for job, new in first.items() if new]
            if again:
                self._book.redis.zadd(self._key, dict.fromkeys(again, now + LAST_CHANCE_SECONDS), xx=True)
        return tuple(job for job in late if not first[job])

    def _late(self, job: str) -> str:
        return self._book.keys.named(f"waited:late:{job}")

    def _named(self, key: str) -> str:
        return self._book.keys.named(f"waited:{key}")

    def _now(self) -> float:
        if self._book.script.now is not None:
            return self._book.script.now
        with speaking_to_redis():
            seconds, micros = self._book.redis.time()
        return float(seconds + micros / 1e6)
