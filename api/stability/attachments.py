"""Who waits for which job: when the last call of an unfinished job ends, the job is cancelled after a short grace.

Clients of this protocol have short deadlines and ask again with the same request. Within the grace the new call finds
the job of the old one, and nothing is rendered twice. Lives on the event loop of its process.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


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

    def __init__(self, cancel: Callable[[str], Awaitable[None]], *, grace_seconds: float) -> None:
        """`cancel(job)` must not raise."""
        self._cancel = cancel
        self._grace_seconds = grace_seconds
        self._waited: dict[str, _Waited] = {}
        self._jobs: dict[str, str] = {}
        self._cancelling: set[asyncio.Task[None]] = set()

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
        try:
            yield attachment
        finally:
            waited.calls -= 1
            if waited.calls == 0:
                self._left(job, waited, finished=attachment.finished)

    def _left(self, job: str, waited: _Waited, *, finished: bool) -> None:
        if finished:
            self._forget(job)
        else:
            loop = asyncio.get_running_loop()
            waited.timer = loop.call_later(self._grace_seconds, self._give_up, job)

    def _give_up(self, job: str) -> None:
        self._forget(job)
        task = asyncio.ensure_future(self._cancel(job))
        self._cancelling.add(task)  # the loop itself keeps no hold of a task
        task.add_done_callback(self._cancelling.discard)

    def _forget(self, job: str) -> None:
        waited = self._waited.pop(job)
        for key in waited.keys:
            self._jobs.pop(key, None)
