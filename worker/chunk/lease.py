"""A lease while it is held: beats in its own thread, knows what is in flight, hears cancel and pause.

A beat extends the lease only while there is progress: a device that hangs must lose it, so that others take over.
"""

import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

import structlog

from jobs.errors import LedgerUnavailable
from jobs.ledger.leasing import Beat, Leasing
from jobs.ledger.views import Lease
from jobs.telemetry.logs import about
from worker.heart import Heart

_log = structlog.get_logger(__name__)

STALL_SECONDS = 120.0
"""Without progress for so long a lease is no longer extended: longer than loading a large model from a slow disk."""
MAX_AGE_SECONDS = 3600.0


class HeldLease:
    """Use as a context manager around the work. `stop` is set when the work must end, `said` tells why."""

    def __init__(
        self,
        lease: Lease,
        leasing: Leasing,
        *,
        lease_seconds: float,
        clock: Callable[[], float],
        stop: threading.Event | None = None,
    ) -> None:
        self.lease = lease
        self.stop = stop or threading.Event()
        self.yielding = threading.Event()
        """Set when urgent work waits: nothing more is begun, what is in flight is finished."""
        self.said = Beat.GO
        self._leasing = leasing
        self._lease_seconds = lease_seconds
        self._clock = clock
        self._moved_at = clock()
        self._flight: set[int] = set()
        self._lock = threading.Lock()
        self._heart = Heart(self._again, seconds=min(1.0, lease_seconds / 5), name=f"beat-{lease.fence}")

    def __enter__(self) -> Self:
        self._heart.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._heart.stop()

    def took(self, index: int) -> None:
        """Work on this variant begins."""
        with self._lock:
            self._flight.add(index)
        self.moved()

    def ended(self, index: int) -> None:
        """This variant is settled, refused or given back."""
        with self._lock:
            self._flight.discard(index)
        self.moved()

    def moved(self, _index: int = -1) -> None:
        """There was progress, whatever it was; called for each denoising step."""
        self._moved_at = self._clock()

    def beat(self) -> Beat:
        """One beat, now."""
        with self._lock:
            flight = tuple(self._flight)
        stalled = self._clock() - self._moved_at > STALL_SECONDS
        return self._leasing.beat(
            self.lease,
            in_flight=flight,
            lease_seconds=0.0 if stalled else self._lease_seconds,
            max_age_seconds=MAX_AGE_SECONDS,
        )

    def _again(self) -> bool:
        with about(job=self.lease.job, chunk=self.lease.chunk):
            return self._told()

    def _told(self) -> bool:
        """A beat, and what follows from its answer; whether there is to be another."""
        try:
            self.said = self.beat()
        except LedgerUnavailable as error:
            # The lease may live on or not; the work goes on, because settling late is harmless and stopping is not.
            _log.warning("no beat", fence=self.lease.fence, error=str(error))
            return True
        if self.said is Beat.YIELD:
            self.yielding.set()
        elif self.said is not Beat.GO:
            _log.info("the lease ends", fence=self.lease.fence, said=str(self.said))
            self.stop.set()
            return False
        return True
