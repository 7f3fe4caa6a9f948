"""A rolling restart by SIGTERM, over and over: nothing may be rendered twice for it."""

from collections.abc import Callable
from itertools import cycle, islice

from api.cli.bench import Figure
from tests.faults.night import LEASE_SECONDS, Night, folder

NAME = "restart"
SUMMARY = "Workers are told to go by SIGTERM and come back, one after the other, during one job."

PACE = {"PENTIMENTO_PACED_SECONDS": "0.03"}


def run(progress: Callable[[str], None], *, short: bool) -> list[Figure]:
    """100 restarts over three workers; short: 2 over two."""
    workers, restarts = (2, 2) if short else (3, 100)
    with folder() as place, Night(place, workers=workers, environment=PACE) as night:
        job = night.submit(100_000)
        with night.watch(job) as watch:
            night.until(job, lambda view: view.settled > 0, seconds=60)
            for number, name in enumerate(islice(cycle(night.workers), restarts), 1):
                night.stack.restart(name)
                if number % 10 == 0:
                    progress(f"{number} restarts, {night.book.describe(job).settled} settled")
            # What is open is of no interest: cancelling keeps what was settled, and writes its results.
            night.http.post(f"/v1/jobs/{job}/cancel").raise_for_status()
            view = night.finished(job, seconds=120)
        tally = night.tally(job, watch)
    lost = watch.kinds["lost"]
    strays = tally.objects - tally.settled
    return [
        Figure("restarts", restarts, ""),
        Figure("settled meanwhile", view.settled, ""),
        Figure("rendered again", tally.rerenders, "", "0", tally.rerenders == 0),
        Figure("leases that expired", lost, "", "0", lost == 0),
        Figure("doubled", tally.lines - tally.settled, "", "0", tally.lines == tally.settled),
        Figure("stored but not settled when it was cancelled", strays, ""),
        Figure("longest stall", tally.stall_seconds, "s", f"≤ {LEASE_SECONDS} s", tally.stall_seconds <= LEASE_SECONDS),
    ]
