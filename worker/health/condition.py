"""How this worker fares, as it tells the others: its pace over the last minute, and what went wrong last."""

from collections import deque
from collections.abc import Callable

from jobs.errors import PentimentoError
from jobs.ledger.views import Trouble

MINUTE = 60.0


class Condition:
    """Thread-safe for what it is asked. clock: seconds, monotonic."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._seen: deque[tuple[float, int]] = deque([(clock(), 0)])
        self._trouble: tuple[float, str, PentimentoError] | None = None

    def per_minute(self, rendered: int) -> float:
        """Pictures a minute over the last one; rendered: since this worker started. Asked at each tick."""
        now = self._clock()
        self._seen.append((now, rendered))
        while len(self._seen) > 2 and self._seen[1][0] <= now - MINUTE:
            self._seen.popleft()
        began, before = self._seen[0]
        return (rendered - before) / max(now - began, 1.0) * MINUTE

    def failed(self, job: str, error: PentimentoError) -> None:
        """Something of a job went wrong here."""
        self._trouble = (self._clock(), job, error)

    @property
    def trouble(self) -> Trouble | None:
        """What went wrong last."""
        if self._trouble is None:
            return None
        at, job, error = self._trouble
        return Trouble(job, error.code, str(error), self._clock() - at)
