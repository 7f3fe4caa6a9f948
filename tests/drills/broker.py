"""Celery's lists vanish again and again: no work may strand, and hardly any time be lost."""

import threading
import time
from collections.abc import Callable

from api.cli.bench import Figure
from jobs.broker import LIGHT_QUEUE, render_queue
from tests.faults.night import Night, folder

NAME = "broker"
SUMMARY = "The broker's lists are wiped every 10 s; throughput is compared with that of an undisturbed stretch."
# Tickets of a second, so that every few of them have to be sent, and can be lost.
PACE = {"PENTIMENTO_TICKET_SECONDS": "1", "PENTIMENTO_PACED_SECONDS": "0.05", "PENTIMENTO_CHUNK_SECONDS": "1"}
LISTS = (render_queue("paced"), LIGHT_QUEUE, "unacked", "unacked_index")


def run(progress: Callable[[str], None], *, short: bool) -> list[Figure]:
    """60 s undisturbed and 60 s wiped each 10 s over four workers; short: 5 s and 5 s, each 2 s, over one."""
    workers, stretch, pause = (1, 5.0, 2.0) if short else (4, 60.0, 10.0)
    with folder() as place, Night(place, workers=workers, environment=PACE) as night:
        job = night.submit(200 if short else 8_000)
        with night.watch(job) as watch:
            night.until(job, lambda view: view.settled > 0, seconds=60)
            calm = _rate(night, job, stretch)
            progress(f"undisturbed: {calm:.1f} a second")
            over = threading.Event()
            wiper = threading.Thread(target=_wipe, args=(night, over, pause))
            wiper.start()
            try:
                wiped = _rate(night, job, stretch)
                progress(f"wiped: {wiped:.1f} a second")
                night.finished(job, seconds=600)
            finally:
                over.set()
                wiper.join()
        tally = night.tally(job, watch)
    kept = wiped / calm if calm else 0.0
    least = 0.6 if short else 0.8  # seconds are noisy
    return [
        Figure("undisturbed", calm, "images/s"),
        Figure("wiped ÷ undisturbed", kept, "×", f"≥ {least:g} ×", kept >= least),
        *tally.figures(stall_below=10, rerenders=0),
    ]


def _rate(night: Night, job: str, seconds: float) -> float:
    before, began = night.book.describe(job).settled, time.monotonic()
    time.sleep(seconds)
    return (night.book.describe(job).settled - before) / (time.monotonic() - began)


def _wipe(night: Night, over: threading.Event, pause: float) -> None:
    while not over.wait(pause):
        night.redis.delete(*(night.book.keys.named(name) for name in LISTS))
