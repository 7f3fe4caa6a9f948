"""A duty while it is done: held on to by its own thread, so that only a dead worker's comes to somebody else."""

import threading
from types import TracebackType
from typing import Self

import structlog

from jobs.errors import LedgerUnavailable
from jobs.ledger.leasing import Duty, Leasing
from jobs.telemetry.logs import about

_log = structlog.get_logger(__name__)


class HeldDuty:
    """Use as a context manager around the work. Thread-safe for one holder."""

    def __init__(self, duty: Duty, leasing: Leasing, *, hold_seconds: float) -> None:
        self._duty: Duty | None = duty
        self._job = duty.job
        self._leasing = leasing
        self._hold_seconds = hold_seconds
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._hold_on, name=f"hold-{duty.kind}", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._let_go()

    def done(self) -> None:
        """The work is done; says nothing where the duty has gone to somebody else, who will do it again."""
        self._let_go()  # a hold in between would change the token that `duty_done` has to show
        if self._duty is not None:
            self._leasing.duty_done(self._duty)

    def _let_go(self) -> None:
        self._over.set()
        self._thread.join()

    def _hold_on(self) -> None:
        with about(job=self._job):
            self._holds()

    def _holds(self) -> None:
        while self._duty is not None and not self._over.wait(self._hold_seconds / 4):
            try:
                self._duty = self._leasing.hold_duty(self._duty, hold_seconds=self._hold_seconds)
            except LedgerUnavailable as error:
                _log.warning("a duty could not be held", duty=str(self._duty), error=str(error))
