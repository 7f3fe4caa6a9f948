"""A duty while it is done: held on to by its own thread, so that only a dead worker's comes to somebody else."""

from types import TracebackType
from typing import Self

import structlog

from jobs.errors import LedgerUnavailable
from jobs.ledger.leasing import Duty, Leasing
from jobs.telemetry.logs import about
from worker.heart import Heart

_log = structlog.get_logger(__name__)


class HeldDuty:
    """Use as a context manager around the work. Thread-safe for one holder."""

    def __init__(self, duty: Duty, leasing: Leasing, *, hold_seconds: float) -> None:
        self._duty: Duty | None = duty
        self._job = duty.job
        self._leasing = leasing
        self._hold_seconds = hold_seconds
        self._heart = Heart(self._hold, seconds=hold_seconds / 4, name=f"hold-{duty.kind}")

    def __enter__(self) -> Self:
        self._heart.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._heart.stop()

    def done(self) -> None:
        """The work is done; says nothing where the duty has gone to somebody else, who will do it again."""
        self._heart.stop()  # a hold in between would change the token that `duty_done` has to show
        if self._duty is not None:
            self._leasing.duty_done(self._duty)

    def _hold(self) -> bool:
        """Hold on to it for another while; whether it still is this worker's."""
        if self._duty is not None:
            try:
                self._duty = self._leasing.hold_duty(self._duty, hold_seconds=self._hold_seconds)
            except LedgerUnavailable as error:
                with about(job=self._job):
                    _log.warning("a duty could not be held", duty=str(self._duty), error=str(error))
        return self._duty is not None
