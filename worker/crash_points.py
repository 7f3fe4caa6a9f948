"""Named points at which a drill may end or delay this process, so that no place for a crash goes untried.

A crash there is as hard as `kill -9`: no `finally` runs and no connection says goodbye. Unset, which is what every
deployment wants, a point costs one look into an empty table.
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
    """Set for some points or, as in every deployment, for none."""

    def __init__(self) -> None:
        self._points: dict[str, float | None] = {}

    def set(self, spec: str) -> None:
        """Set it: `point` ends the process there, `point:seconds` waits there each time; comma separated.

        Raises:
            ValueError: there is no such point.

        """
        self._points = {}
        for one in filter(None, spec.split(",")):
            point, _, seconds = one.partition(":")
            if point not in POINTS:
                raise ValueError(f"PENTIMENTO_CRASH_AT={spec!r} names no crash point; there are: {', '.join(POINTS)}")
            self._points[point] = float(seconds) if seconds else None

    def reach(self, point: str) -> None:
        """The work has come to this point."""
        if point not in self._points:
            return
        seconds = self._points[point]
        if seconds is None:
            os._exit(EXIT_CODE)
        time.sleep(seconds)


trap: Final = Trap()
reach: Final = trap.reach
