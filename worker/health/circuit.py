"""This worker's breaker towards the store: what every ticket asks before it leases, and tells after its chunk."""

import threading
from collections.abc import Callable

import structlog

from jobs.breaker import Breaker

_log = structlog.get_logger(__name__)

STREAK = 3
"""Faults of the store without a success in between, after which a chunk begins nothing more."""


class Circuit:
    """Thread-safe."""

    def __init__(self, clock: Callable[[], float], random: Callable[[], float]) -> None:
        self._clock = clock
        self._random = random
        self._breaker = Breaker()
        self._lock = threading.Lock()
        self._asking = threading.Lock()

    @property
    def closed(self) -> bool:
        """Whether work may be begun."""
        return self._breaker.may(self._clock())

    def lets(self, answers: Callable[[], bool]) -> bool:
        """Whether work may be begun now: after a wait only once the store answered one question.

        answers: asks the store something small. One thread asks at a time, and the others hear no meanwhile: without
        it every wait would end with each slot's whole chunk failing against a store that is still away. An answer does
        not forget the failures, for a store may read and not write; a chunk that gets through does.
        """
        if not self.closed:
            return False
        if not self._breaker.failures:
            return True
        if not self._asking.acquire(blocking=False):
            return False
        try:
            if answers():
                return True
            self.failed()
            return False
        finally:
            self._asking.release()

    def failed(self) -> None:
        """The store was away."""
        with self._lock:
            before, now = self._breaker, self._clock()
            self._breaker = before.failed(now, random=self._random())
            if self._breaker is not before:
                wait = round(self._breaker.closed_from - now, 1)
                _log.warning("the store is away; nothing is leased for a while", seconds=wait)

    def succeeded(self) -> None:
        """The store took something."""
        with self._lock:
            self._breaker = self._breaker.succeeded()
