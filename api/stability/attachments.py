"""Who waits for which job: when the last call of an unfinished job ends, the job is cancelled after a short grace.

Clients of this protocol have short deadlines and ask again with the same request. Within the grace the new call finds
the job of the old one, and nothing is rendered twice. Lives on the event loop of its process; that somebody waits is
also told to the ledger, time and again, so that a job outlives neither the call nor this process.
"""

import asyncio
from collections.abc import Collection, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

HELD_SECONDS = 30.0
"""For so long the ledger believes that somebody waits, unless it hears so again."""
_BEAT = 1 / 3


class Told(Protocol):
    """What is told of waiting calls. No method may raise."""

    async def cancel(self, job: str) -> None:
        """Nobody waits for the job."""
        ...

    async def hold(self, jobs: Mapping[str, Collection[str]], *, seconds: float) -> None:
        """Somebody waits for these jobs, by their keys, or does again within so long."""
        ...

    async def forget(self, job: str, keys: Collection[str]) -> None:
        """The job is over."""
        ...


@dataclass(slots=True, eq=False)
class Attachment:
    """A call that waits for a job; `finished` is set where the job needs no cancelling."""

    job: str
    finished: bool = False


@dataclass(slots=True, eq=False)
class _Waited:
    calls: int = 0
    keys: set[str] = field(default_factory=set)
    timer: asyncio.TimerHandle | None = None


class Attachments:
    """All waiting calls of this process."""

    def __init__(self, told: Told, *, grace_seconds: float) -> None:
        self._told = told
        self._beating: asyncio.TimerHandle | None = None
        self._grace_seconds = grace_seconds
        self._waited: dict[str, _Waited] = {}
        self._jobs: dict[str, str] = {}
        self._telling: set[asyncio.Task[None]] = set()

    def job_of(self, key: str) -> str | None:
        """The job that was attached with this key, while somebody waits for it or its grace lasts."""
        return self._jobs.get(key)

    @contextmanager
    def attached(self, job: str, *, key: str) -> Iterator[Attachment]:
        """A call waits for `job` until the block ends. key: under which others find it; empty for none."""
        waited = self._waited.setdefault(job, _Waited())
        waited.calls += 1
        if waited.timer is not None:
            waited.timer.cancel()
            waited.timer = None
        if key:
            waited.keys.add(key)
            self._jobs[key] = job
        attachment = Attachment(job)
        self._hold(HELD_SECONDS + self._grace_seconds, job)
        if self._beating is None:
            self._beat()
        try:
            yield attachment
        finally:
            waited.calls -= 1
            if waited.calls == 0:
                self._left(job, waited, finished=attachment.finished)

    def _left(self, job: str, waited: _Waited, *, finished: bool) -> None:
        if finished:
            self._tell(self._told.forget(job, self._forget(job)))
        else:
            loop = asyncio.get_running_loop()
            waited.timer = loop.call_later(self._grace_seconds, self._give_up, job)

    def _give_up(self, job: str) -> None:
        self._forget(job)
        self._tell(self._told.cancel(job))

    def _hold(self, seconds: float, *jobs: str) -> None:
        self._tell(self._told.hold({job: frozenset(self._waited[job].keys) for job in jobs}, seconds=seconds))

    def _beat(self) -> None:
        """Say again who waits, as long as anybody does."""
        waiting = [job for job, waited in self._waited.items() if waited.calls]
        if not self._waited:
            self._beating = None
            return
        self._hold(HELD_SECONDS + self._grace_seconds, *waiting)
        self._beating = asyncio.get_running_loop().call_later(HELD_SECONDS * _BEAT, self._beat)

    def _tell(self, word: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(word)
        self._telling.add(task)  # the loop itself keeps no hold of a task
        task.add_done_callback(self._telling.discard)

    def _forget(self, job: str) -> set[str]:
        waited = self._waited.pop(job)
        for key in waited.keys:
            self._jobs.pop(key, None)
        return waited.keys
