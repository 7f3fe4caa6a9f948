"""Lives of a worker without Celery: forked from a process that has imported everything, so that one costs milliseconds.

A life does what tickets do (duties, leases, ticks) in one thread until its job is written or its time is up, or until
it comes to the crash point that its settings name.
"""

import time
from multiprocessing.process import BaseProcess

from jobs.settings import Settings
from jobs.telemetry.logs import configure
from tests.faults.forks import exit_code, fork


def begin(settings: Settings, job: str, *, seconds: float = 120.0) -> BaseProcess:
    """Start a life; it ends with 0 when the job's results are written, with 1 when `seconds` are over."""
    return fork(_live, settings, job, seconds)


def live(settings: Settings, job: str, *, seconds: float = 120.0) -> int:
    """One whole life; its exit code."""
    return exit_code(begin(settings, job, seconds=seconds), seconds=seconds + 10)


def _live(settings: Settings, job: str, seconds: float) -> None:
    from worker import ticket  # noqa: PLC0415 - only the fork needs it, and has it already
    from worker.upkeep.round import tick  # noqa: PLC0415
    from worker.workshop import Workshop  # noqa: PLC0415

    configure(settings)  # stdout is the drill's tally
    shop = Workshop(settings)
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        tick(shop)
        ticket.light(shop)
        ticket.render(shop)
        if shop.book.describe(job).written:
            raise SystemExit(0)
        time.sleep(0.02)
    raise SystemExit(1)
