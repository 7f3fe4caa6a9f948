"""A store that refuses, resets, forgets to answer, and then is away for minutes: the job waits, and nothing is lost."""

import time
from collections.abc import Callable
from pathlib import Path

from api.cli.bench import Figure
from api.stack.child import Running
from api.stack.ports import free_port
from api.stack.rclone import BUCKET, Rclone
from tests.faults.night import Night, folder
from tests.faults.s3_front import Fault, Rule, S3Front

NAME = "s3"
SUMMARY = "10% 503, 5% resets, 2% stored but unanswered; then a store that is away."
KEYS = ("pentimento-drill", "opens-nothing-of-anyone")
BAD_DAY = (
    Rule(Fault.STATUS, status=503, share=0.10),
    Rule(Fault.RESET, share=0.05),
    Rule(Fault.DROP_REPLY, method="PUT", share=0.02),
)
# Each rule draws for itself: a reset is drawn among the 90% that the rule before it let pass, near enough.
AWAY = (Rule(Fault.RESET),)
CALM_REQUESTS = 8
"""Requests a picture on a day without faults, generously; a storm would be many times that."""
STORM = 5
"""Requests a second while the store is away: a few a minute for each of some sixty rows in flight."""


def run(progress: Callable[[str], None], *, short: bool) -> list[Figure]:
    """Two workers, 6,000 variants, away for 120 s; short: one worker, 60 variants, away for 3 s."""
    workers, count, away = (1, 60, 3.0) if short else (2, 6_000, 120.0)
    with folder() as place:
        store = Rclone(place / "objects", free_port(), place / "s3.log", *KEYS)
        running = Running(store.child())
        try:
            running.wait_ready()
            with S3Front(store.port) as front:
                return _drill(place, front, workers, count, away, progress)
        finally:
            running.stop()


def _drill(
    place: Path, front: S3Front, workers: int, count: int, away: float, progress: Callable[[str], None]
) -> list[Figure]:
    environment = {
        "PENTIMENTO_S3_ENDPOINT": front.endpoint,
        "PENTIMENTO_S3_ACCESS_KEY": KEYS[0],
        "PENTIMENTO_S3_SECRET_KEY": KEYS[1],
        "PENTIMENTO_OUTPUT_URI": f"s3://{BUCKET}",
    }
    with Night(place, workers=workers, objects=place / "objects", environment=environment) as night:
        job = night.submit(count)
        with night.watch(job) as watch:
            night.until(job, lambda view: view.settled > 0, seconds=60)
            front.rules, before = BAD_DAY, front.total
            night.until(job, lambda view: view.settled >= count // 2, seconds=1200)
            progress(f"half is settled; the store goes away for {away:g} s")
            front.rules, gone = AWAY, front.total
            time.sleep(away)
            asked, back = front.total - gone, time.time()
            front.rules = BAD_DAY
            night.until(job, lambda view: view.settled > count // 2 + 5 or view.written, seconds=300)
            progress("it is back")
            night.finished(job, seconds=1800)
            requests = front.total - before - asked
        tally = night.tally(job, watch)
    resumed = (watch.settled_after(back) or float("inf")) - back
    each, storm = requests / count, asked / away / workers
    bound = STORM if away > 60 else 10 * STORM  # the first seconds hold every row in flight
    return [
        Figure("requests a picture on the bad day", each, "", f"≤ {CALM_REQUESTS}", each <= CALM_REQUESTS),
        Figure("requests a second and worker while it was away", storm, "/s", f"≤ {bound:g} /s", storm <= bound),
        Figure("first picture settled after it was back", resumed, "s"),
        *tally.figures(stall_below=None, rerenders=max(4, count // 20)),
    ]
