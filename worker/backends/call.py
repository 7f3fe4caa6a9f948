"""One call of `render`: orders in, outcomes out, with a bound on what lies between.

A thread of its own pulls the caller's iterator, because pulling may wait for a download while outcomes are ready. At
most `room` orders are between the pull and the hand-out, whatever has become of them by then: that is the whole
back-pressure, so a sweep of 10⁹ stays lazy and a slow upload slows the device rather than filling the memory.
"""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from queue import Empty, SimpleQueue

from jobs.telemetry.logs import about, told
from worker.backends import Order, Outcome, Prepared

_log = logging.getLogger(__name__)
_GLANCE_SECONDS = 0.05  # how late `stop` may be noticed: a threading.Event can't be waited for beside a queue


@dataclass(frozen=True, slots=True)
class _End:
    """The orders are over: how many there were, or what their iterator raised."""

    pulled: int
    error: BaseException | None = None


class Call:
    """Shared by the caller's thread (`outcomes`), the puller's, and the device's (`deliver`, `step`, `fail`)."""

    def __init__(self, on_step: Callable[[int], None], *, room: int) -> None:
        """`room`: orders between pull and hand-out, at least 1."""
        self.closed = threading.Event()
        self._on_step = on_step
        self._room = threading.Semaphore(room)
        self._queue: SimpleQueue[Outcome | _End] = SimpleQueue()
        self._told = told()

    def outcomes(
        self, orders: Iterator[Prepared], submit: Callable[[Order], None], *, stop: threading.Event
    ) -> Iterator[Outcome]:
        """Pull `orders` into `submit` and yield what is delivered, until all are out or `stop` is set.

        `submit` is called from the puller's thread and may block; what it raises is raised here, as is what `orders`
        raises. Nothing of the call goes on once this iterator has ended, but for a `next(orders)` that still blocks.
        """
        puller = threading.Thread(target=self._pull, args=(iter(orders), submit), name="puller", daemon=True)
        puller.start()
        handed = 0
        expected: int | None = None
        try:
            while handed != expected and not stop.is_set():
                try:
                    item = self._queue.get(timeout=_GLANCE_SECONDS)
                except Empty:
                    continue
                if isinstance(item, _End):
                    if item.error is not None:
                        raise item.error
                    expected = item.pulled
                else:
                    yield item
                    handed += 1
                    self._room.release()
        finally:
            self.closed.set()
            self._room.release()  # the puller may be waiting for it
            puller.join(_GLANCE_SECONDS)

    def about(self, index: int) -> AbstractContextManager[None]:
        """What the device's thread logs inside is about this variant of the caller's."""
        return about(**{**self._told, "variant": index})

    def deliver(self, outcome: Outcome) -> None:
        """Hand out the outcome of one order."""
        self._queue.put(outcome)

    def step(self, index: int) -> None:
        """Report progress. What the caller's function raises ends the call, not the device's thread."""
        if self.closed.is_set():
            return
        try:
            self._on_step(index)
        except BaseException as error:  # noqa: BLE001 — it is the caller's, and raised there
            self.fail(error)

    def fail(self, error: BaseException) -> None:
        """End the call with an error."""
        self._queue.put(_End(-1, error))

    def _pull(self, orders: Iterator[Prepared], submit: Callable[[Order], None]) -> None:
        with about(**self._told):
            self._pull_on(orders, submit)

    def _pull_on(self, orders: Iterator[Prepared], submit: Callable[[Order], None]) -> None:
        pulled = 0
        try:
            while True:
                self._room.acquire()
                if self.closed.is_set():
                    return
                try:
                    item = next(orders)
                except StopIteration:
                    break
                pulled += 1
                if isinstance(item, Order):
                    submit(item)
                else:
                    self._queue.put(item)
        except BaseException as error:  # noqa: BLE001 — it is raised in the caller's thread
            self._queue.put(_End(pulled, error))
        else:
            self._queue.put(_End(pulled))
