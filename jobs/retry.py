"""What to do about a fault, as a pure decision: the world's are waited out within bounds, all others are final."""

from dataclasses import dataclass

from jobs.errors import LedgerUnavailable, PentimentoError, StorageUnavailable

MAX_DELAY_SECONDS = 300.0
OURS = (LedgerUnavailable, StorageUnavailable)
"""Without these not even a refusal can be recorded, so no number of tries is the last: the job waits with the store."""


@dataclass(frozen=True, slots=True)
class Again:
    """Try once more, no sooner than `delay_seconds` from now."""

    delay_seconds: float
    attempt: int


@dataclass(frozen=True, slots=True)
class GiveUp:
    """Final."""

    reason: str


def decide(
    error: PentimentoError, attempt: int, *, max_attempts: int, base_seconds: float, random: float
) -> Again | GiveUp:
    """Decide about the fault of a try.

    attempt: tries before this one, from 0. random: 0..1, spreads the waits so that a fleet doesn't come back at once.
    The wait doubles with each try (exponential backoff with full jitter on its upper half).
    """
    if not error.retryable:
        return GiveUp(str(error))
    if attempt + 1 >= max_attempts and not isinstance(error, OURS):
        return GiveUp(f"{error} (gave up after {attempt + 1} tries)")
    delay = wait_seconds(attempt, base_seconds=base_seconds, random=random)
    return Again(delay_seconds=delay, attempt=attempt + 1)


def wait_seconds(attempt: int, *, base_seconds: float, random: float) -> float:
    """How long to wait after try number `attempt`, from 0; within MAX_DELAY_SECONDS."""
    return float(min(MAX_DELAY_SECONDS, base_seconds * 2.0 ** min(attempt, 30)) * (0.5 + random / 2))
