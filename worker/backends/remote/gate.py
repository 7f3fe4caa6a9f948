"""What all calls to one remote go through: its pace and its breaker, shared by the threads that call."""

import logging
import threading
from collections.abc import Callable

from worker.backends.remote.faults import Breaker, Metronome
from worker.backends.remote.remotes import Remote

_log = logging.getLogger(__name__)
_GLANCE_SECONDS = 0.05


class Gate:
    """Thread-safe. clock: monotonic seconds; random: 0..1."""

    def __init__(self, remote: Remote, *, clock: Callable[[], float], random: Callable[[], float]) -> None:
        self._remote = remote
        self._clock = clock
        self._random = random
        self._lock = threading.Lock()
        self._breaker = Breaker(remote.breaker_failures, remote.breaker_seconds)
        self._metronome = Metronome(remote.images_per_second)

    @property
    def healthy(self) -> bool:
        """Whether the remote answered lately, or was not asked yet."""
        return self._breaker.healthy

    def enter(self, *, over: threading.Event, until: float) -> bool:
        """Wait for a turn to call; False where `over` is set, or `until` (of the clock) comes, before that."""
        while not over.is_set():
            now = self._clock()
            with self._lock:
                wait = max(self._breaker.wait_seconds(now), self._metronome.wait_seconds(now))
                if wait <= 0:
                    self._breaker, self._metronome = self._breaker.called(now), self._metronome.called(now)
                    return True
            if now >= until:
                return False
            over.wait(min(wait, _GLANCE_SECONDS))
        return False

    def answered(self) -> None:
        """The remote is there."""
        with self._lock:
            before, self._breaker = self._breaker, self._breaker.succeeded()
        if not before.healthy:
            _log.info("%s answers again", self._remote.name)

    def failed(self) -> None:
        """The remote is away, as far as one call can tell."""
        with self._lock:
            before, self._breaker = self._breaker, self._breaker.failed(self._clock(), random=self._random())
            after = self._breaker
        if before.healthy and not after.healthy:
            _log.warning("%s is left alone for a while: %d calls in a row failed", self._remote.name, after.failures)
