"""Named points at which a drill may end or delay this process, so that no place for a crash goes untried.

A crash there is as hard as `kill -9`: no `finally` runs and no connection says goodbye. Unset, which is what every
deployment wants, a point costs one comparison.
"""

import os
import time
from typing import Final

STEPS: Final = (
    "plan",
    "ready",
    "lease",
    "render",
    "write",
    "record",
    "settle",
    "refuse",
    "release",
    "results",
    "event",
)
"""What has a point before and one after it; `event` is the last of a job's events, `written`."""
POINTS: Final = tuple(f"{when}-{step}" for step in STEPS for when in ("before", "after"))
EXIT_CODE: Final = 86
"""By which a drill knows that the process ended at its point, and not for another reason."""


class Trap:
    """Set for one point or, as in every deployment, for none. `pause_seconds` None: the process ends there."""

    def __init__(self) -> None:
        self._point = ""
        self._pause_seconds: float | None = None

    def set(self, spec: str) -> None:
        """Set it: `point` ends the process there, `point:seconds` waits there each time, empty does nothing.

        Raises:
            ValueError: there is no such point.

        """
        point, _, seconds = spec.partition(":")
        if point and point not in POINTS:
            raise ValueError(f"PENTIMENTO_CRASH_AT={spec!r} names no crash point; there are: {', '.join(POINTS)}")
        self._point = point
        self._pause_seconds = float(seconds) if seconds else None

    def reach(self, point: str) -> None:
        """The work has come to this point."""
        if point != self._point:
            return
        if self._pause_seconds is None:
            os._exit(EXIT_CODE)
        time.sleep(self._pause_seconds)


trap: Final = Trap()
reach: Final = trap.reach
