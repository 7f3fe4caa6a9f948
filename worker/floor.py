"""Who may lease what inside one process: one place is kept for urgent work, and a suspect runs all alone."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """What a ticket may ask the ledger for from where it stands."""

    urgent_only: bool
    alone_allowed: bool


class Floor:
    """Counts the leases of this process. Thread-safe."""

    def __init__(self, concurrency: int) -> None:
        self._concurrency = concurrency
        self._busy = 0
        self._closed = False
        self._lock = threading.Lock()

    @property
    def slots(self) -> int:
        """Leases that this process holds at once for work that isn't urgent."""
        return self._concurrency - 1

    @property
    def busy(self) -> int:
        """Tickets at work now."""
        return self._busy

    def place(self) -> Place | None:
        """Where the calling ticket stands; None while a suspect has the process to itself."""
        with self._lock:
            if self._closed:
                return None
            return Place(urgent_only=self._busy > self.slots, alone_allowed=self._busy == 1)

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Around the whole life of a ticket."""
        with self._lock:
            self._busy += 1
        try:
            yield
        finally:
            with self._lock:
                self._busy -= 1

    @contextmanager
    def alone(self, *, wanted: bool) -> Iterator[None]:
        """While a suspect runs nobody else leases: if the process dies, it is known on which variant."""
        if wanted:
            with self._lock:
                self._closed = True
        try:
            yield
        finally:
            if wanted:
                with self._lock:
                    self._closed = False
