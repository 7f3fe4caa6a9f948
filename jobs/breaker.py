"""When to stop asking a store that is away, as a pure policy: after a few faults in a row nobody asks for a while.

Each variant's own retries are spread already; the breaker keeps a whole worker from leasing, rendering and throwing
away in the meantime. The waits double within bounds and are jittered, so that a fleet does not come back at once.
"""

from dataclasses import dataclass

FIRST_SECONDS = 2.0
MAX_SECONDS = 16.0
"""One small question ends a wait (`worker.health.circuit`), so that a fleet that asks so often is no burden."""


@dataclass(frozen=True, slots=True)
class Breaker:
    """failures: waits in a row that did not help. closed_from: the time from which work may be begun again."""

    failures: int = 0
    closed_from: float = float("-inf")

    def may(self, now: float) -> bool:
        """Whether work may be begun."""
        return now >= self.closed_from

    def failed(self, now: float, *, random: float) -> "Breaker":
        """The store was away. What was begun before the last fault and fails after it tells nothing new.

        random: 0..1, spreads the waits.
        """
        if not self.may(now):
            return self
        wait_seconds = min(MAX_SECONDS, FIRST_SECONDS * 2.0 ** min(self.failures, 16)) * (0.5 + random / 2)
        return Breaker(self.failures + 1, now + wait_seconds)

    def succeeded(self) -> "Breaker":
        """The store took something: it is there."""
        return Breaker()
