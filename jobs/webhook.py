"""What becomes of a webhook after a try, as a pure decision: delivered, once more later within bounds, or failed."""

from dataclasses import dataclass

SCHEDULE_SECONDS = (5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400)
"""Waits between tries, as the Standard Webhooks specification recommends: ten tries within three and a half days."""
GONE = 410


@dataclass(frozen=True, slots=True)
class Delivered:
    """The receiver has it."""


@dataclass(frozen=True, slots=True)
class Later:
    """Try again, no sooner than in `delay_seconds`; why the last try failed."""

    delay_seconds: float
    said: str


@dataclass(frozen=True, slots=True)
class Failed:
    """It is not tried again by itself, and why."""

    said: str


def decide(status: int | None, said: str, *, attempt: int, final: bool, random: float) -> Delivered | Later | Failed:
    """Decide about a try.

    status: of the answer, None where there was none; then `said` tells why. attempt: tries before this one, from 0.
    final: another try can't help (an address that is not allowed). random: 0..1, spreads the waits.
    """
    if status is not None and 200 <= status < 300:
        return Delivered()
    told = said if status is None else f"the receiver answered {status}"
    if final or status == GONE:
        return Failed(told)
    if attempt >= len(SCHEDULE_SECONDS):
        return Failed(f"{told} (gave up after {attempt + 1} tries)")
    return Later(SCHEDULE_SECONDS[attempt] * (1 + random / 5), told)
