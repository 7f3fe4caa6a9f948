"""How the faults of one lease are retried: bounds from the settings, with time and chance as arguments."""

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pace:
    """How faults are retried, from the settings; `random` gives 0..1."""

    max_attempts: int
    base_seconds: float
    random: Callable[[], float]
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
