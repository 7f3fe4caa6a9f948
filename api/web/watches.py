"""Who watches which job: one reader of the feed a job, however many watch it, and no thread that waits.

The reader fills the job's relay, and watchers are served from that; only one that comes from further back reads the
ledger itself until it has caught up. So a thousand watchers of a quiet job cost four reads a second, and two hundred of
a busy one little more than its events do.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, suppress

from starlette.concurrency import run_in_threadpool

from api.web.relay import Batch, Relay
from jobs.errors import LedgerUnavailable, NotFound
from jobs.events import Event
from jobs.telemetry.metrics import WATCHERS

POLL_SECONDS = 0.25
AWAY_SECONDS = 1.0  # between two polls while the ledger does not answer
QUIET_SECONDS = 15.0  # after which a silent stream says that it lives
BATCH = 500

Read = Callable[[str, str, int], tuple[Event, ...]]
_ALIVE = b": nothing new\n\n"


class Watches:
    """All watchers of one process; lives on its event loop.

    read: (job, after, limit) → events; newest: job → the id of its last event; over: job → whether nothing more will
    happen to it; all blocking, run in a thread.
    """

    def __init__(self, read: Read, newest: Callable[[str], str], over: Callable[[str], bool]) -> None:
        self._read = read
        self._newest = newest
        self._over = over
        self._relays: dict[str, Relay] = {}
        self._closing = asyncio.Event()

    def close(self) -> None:
        """End every stream at its next event, at once where it waits; the watcher comes back with its last id."""
        self._closing.set()
        for relay in self._relays.values():
            relay.ring()

    async def events(self, job: str, *, after: str) -> AsyncGenerator[Event]:
        """What follows `after`, for as long as something can follow: ends after the job's last event."""
        async with aclosing(self._batches(job, after)) as batches:
            async for batch in batches:
                for event in batch.events:
                    yield event

    async def texts(self, job: str, *, after: str) -> AsyncGenerator[bytes]:
        """The same as server-sent events, several in one piece; a comment where nothing happens for a while."""
        async with aclosing(self._batches(job, after)) as batches:
            async for batch in batches:
                yield batch.text if batch.events else _ALIVE

    async def _batches(self, job: str, after: str) -> AsyncGenerator[Batch]:
        """What follows `after`; an empty batch where nothing did for a while."""
        relay = self._join(job)
        latest = ""
        try:
            while not self._closing.is_set():
                rung = relay.rung  # taken before the look: what comes after the look rings this one
                batch = relay.after(after)
                whole = batch is not None
                if batch is None:
                    batch = Batch(await self._next(job, after))
                    whole = len(batch.events) < BATCH
                if batch.events:
                    after, latest = batch.events[-1].id, batch.events[-1].kind
                    yield batch
                if not whole:
                    continue
                if latest == "written" and await self._finished(job):
                    return
                if not await _rings(rung):
                    yield Batch(())
                if relay.poll is not None and relay.poll.done():
                    relay.poll.result()
        finally:
            self._leave(job, relay)

    async def _next(self, job: str, after: str) -> tuple[Event, ...]:
        while not self._closing.is_set():
            with suppress(LedgerUnavailable):
                return await run_in_threadpool(self._read, job, after, BATCH)
            await asyncio.sleep(AWAY_SECONDS)
        return ()

    async def _finished(self, job: str) -> bool:
        try:
            return await run_in_threadpool(self._over, job)
        except (LedgerUnavailable, NotFound):
            return False

    def _join(self, job: str) -> Relay:
        relay = self._relays.get(job)
        if relay is None:
            relay = self._relays[job] = Relay()
            relay.poll = asyncio.create_task(self._fill(job, relay))
        relay.watchers += 1
        WATCHERS.inc()
        return relay

    def _leave(self, job: str, relay: Relay) -> None:
        relay.watchers -= 1
        WATCHERS.dec()
        if relay.watchers == 0 and relay.poll is not None:
            relay.poll.cancel()
            del self._relays[job]

    async def _fill(self, job: str, relay: Relay) -> None:
        try:
            last = await self._begin(job, relay)
            while True:
                found = await self._next(job, last)
                if found:
                    last = found[-1].id
                    relay.add(found)
                if len(found) < BATCH:
                    await asyncio.sleep(POLL_SECONDS)
        finally:
            relay.ring()  # a reader that failed must not leave its watchers waiting for it

    async def _begin(self, job: str, relay: Relay) -> str:
        while True:
            with suppress(LedgerUnavailable):
                newest = await run_in_threadpool(self._newest, job)
                relay.begin(newest)
                return newest
            await asyncio.sleep(AWAY_SECONDS)


async def _rings(rung: asyncio.Event) -> bool:
    """Whether it rings before a silence is long."""
    try:
        async with asyncio.timeout(QUIET_SECONDS):
            await rung.wait()
    except TimeoutError:
        return False
    return True
