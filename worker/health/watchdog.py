"""Ends a worker whose device hangs: a driver that never answers can't be cured from inside, a supervisor's restart can.

Watched is only the time in which a chunk waits for its backend with orders inside it: a store or a Redis that is away
keeps a chunk waiting too, and is no fault of the device.
"""

import threading
from collections.abc import Callable, Iterator
from typing import TypeVar

import structlog

_log = structlog.get_logger(__name__)

In = TypeVar("In")
Out = TypeVar("Out")
LOOK_SECONDS = 1.0


class _Watch:
    """One call of the backend. `inside`: orders that went in and have no outcome yet."""

    __slots__ = ("inside", "waiting_since")

    def __init__(self) -> None:
        self.inside = 0
        self.waiting_since: float | None = None


class Watchdog:
    """One for a process, as there is one device. Thread-safe."""

    def __init__(self, stall_seconds: float, *, clock: Callable[[], float], end: Callable[[], None]) -> None:
        """`end` is called once, from the watchdog's thread, when the device made no step for `stall_seconds`."""
        self._stall_seconds = stall_seconds
        self._clock = clock
        self._end = end
        self._moved_at = clock()
        self._lock = threading.Lock()
        self._watches: set[_Watch] = set()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watchdog", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """Look no more."""
        self._over.set()

    def stepped(self) -> None:
        """The device did something, whoever it was for."""
        self._moved_at = self._clock()

    def around(self, render: Callable[[Iterator[In]], Iterator[Out]], orders: Iterator[In]) -> Iterator[Out]:
        """What `render(orders)` gives, watched while it is waited for; each order has exactly one outcome."""
        watch = _Watch()

        def counted() -> Iterator[In]:
            for order in orders:
                self.stepped()  # with something new inside, it has all its time again
                watch.inside += 1
                yield order

        with self._lock:
            self._watches.add(watch)
        try:
            outcomes = iter(render(counted()))
            while True:
                watch.waiting_since = self._clock()
                try:
                    outcome = next(outcomes)
                except StopIteration:
                    return
                finally:
                    watch.waiting_since = None
                watch.inside -= 1
                self.stepped()
                yield outcome
        finally:
            with self._lock:
                self._watches.discard(watch)

    def hangs(self) -> bool:
        """Whether somebody has waited for a device that has orders and made no step, for too long."""
        now = self._clock()
        with self._lock:
            waits = [watch.waiting_since for watch in self._watches if watch.inside > 0]
        return any(since is not None and now - max(since, self._moved_at) > self._stall_seconds for since in waits)

    def _run(self) -> None:
        while not self._over.wait(min(LOOK_SECONDS, self._stall_seconds / 4)):
            if self.hangs():
                _log.critical(
                    "the device makes no step; this worker ends, so that its supervisor starts a new one",
                    stall_seconds=self._stall_seconds,
                )
                self._end()
                return
