"""How a worker hears that it shall end: the first signal drains it, the second one ends it at once.

A handler may interrupt anything, itself included: what takes a lock in it can wait for ever for what it interrupted.
Celery's own handler does (the lock of its `Signal`), so it runs once, and what we do happens in a thread that was told.
"""

import signal
import threading
from collections.abc import Callable
from queue import SimpleQueue
from types import FrameType
from typing import Final

SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)


class Farewell:
    """Calls `first` at the first signal and `again` at the second, each once and from a thread of its own."""

    def __init__(self, *, first: Callable[[], None], again: Callable[[], None]) -> None:
        self._deeds = (first, again)
        self._told: SimpleQueue[None] = SimpleQueue()  # its put may interrupt itself
        self._heard = False
        self._thread = threading.Thread(target=self._run, name="farewell", daemon=True)

    def listen(self) -> None:
        """Take the signals over; what SIGTERM did until now, it and SIGINT do once more. For the main thread only."""
        before = signal.getsignal(signal.SIGTERM)

        def told(number: int, frame: FrameType | None) -> None:
            self._told.put(None)
            if not self._heard and callable(before):
                self._heard = True
                before(number, frame)

        self._thread.start()
        for number in SIGNALS:
            signal.signal(number, told)

    def _run(self) -> None:
        for deed in self._deeds:
            self._told.get()
            deed()
