"""Who watches which job: one poll of the feed a job, however many watch it, and no thread that waits.

The poll only rings; each watcher reads what follows its own last id. So a watcher that begins anywhere misses nothing,
and a thousand watchers of a quiet job cost four reads a second.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field

from starlette.concurrency import run_in_threadpool

from jobs.errors import LedgerUnavailable, NotFound
from jobs.events import Event
from jobs.telemetry.metrics import WATCHERS

POLL_SECONDS = 0.25
AWAY_SECONDS = 1.0  # between two polls while the ledger does not answer
BATCH = 500

Read = Callable[[str, str, int], tuple[Event, ...]]


@dataclass(slots=True, eq=False)
class _Bell:
    """A job's poll. `last` is the newest id that it saw; `rung` is set and replaced each time that it moves."""

    last: str
    watchers: int = 0
    rung: asyncio.Event = field(default_factory=asyncio.Event)
    poll: asyncio.Task[None] | None = None


class Watches:
    """All watchers of one process; lives on its event loop.

    read: (job, after, limit) → events; blocking, run in a thread.
    over: job → whether nothing more will happen to it; blocking, run in a thread.
    """

    def __init__(self, read: Read, over: Callable[[str], bool]) -> None:
        self._read = read
        self._over = over
        self._bells: dict[str, _Bell] = {}
        self._closing = asyncio.Event()

    def close(self) -> None:
        """End every stream at its next event, at once where it waits; the watcher comes back with its last id."""
        self._closing.set()
        for bell in self._bells.values():
            bell.rung.set()

    async def events(self, job: str, *, after: str) -> AsyncGenerator[Event]:
        """What follows `after`, for as long as something can follow: ends after the job's last event."""
        bell = self._join(job, after)
        latest = ""
        try:
            while not self._closing.is_set():
                rung = bell.rung  # taken before the read: what comes after the read rings this one
                batch = await self._next(job, after)
                for event in batch:
                    after, latest = event.id, event.kind
                    yield event
                if len(batch) == BATCH:
                    continue
                if latest == "written" and await self._finished(job):
                    return
                await rung.wait()
                if bell.poll is not None and bell.poll.done():
                    bell.poll.result()
        finally:
            self._leave(job, bell)

    async def _next(self, job: str, after: str) -> tuple[Event, ...]:
        while not self._closing.is_set():
            try:
                return await run_in_threadpool(self._read, job, after, BATCH)
            except LedgerUnavailable:
                await asyncio.sleep(AWAY_SECONDS)
        return ()

    async def _finished(self, job: str) -> bool:
        try:
            return await run_in_threadpool(self._over, job)
        except (LedgerUnavailable, NotFound):
            return False

    def _join(self, job: str, after: str) -> _Bell:
        bell = self._bells.get(job)
        if bell is None:
            bell = self._bells[job] = _Bell(last=after)
            bell.poll = asyncio.create_task(self._ring(job, bell))
        bell.watchers += 1
        WATCHERS.inc()
        return bell

    def _leave(self, job: str, bell: _Bell) -> None:
        bell.watchers -= 1
        WATCHERS.dec()
        if bell.watchers == 0 and bell.poll is not None:
            bell.poll.cancel()
            del self._bells[job]

    async def _ring(self, job: str, bell: _Bell) -> None:
        try:
            while True:
                batch = await self._next(job, bell.last)
                if batch:
                    bell.last = batch[-1].id
                    bell.rung.set()
                    bell.rung = asyncio.Event()
                if len(batch) < BATCH:
                    await asyncio.sleep(POLL_SECONDS)
        finally:
            bell.rung.set()  # a poll that failed must not leave its watchers waiting for it
