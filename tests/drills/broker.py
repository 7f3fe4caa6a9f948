"""Celery's lists vanish again and again: no work may strand, and hardly any time be lost."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from api.cli.bench import Figure
from jobs.broker import LIGHT_QUEUE, render_queue
from tests.faults.night import Night, folder

NAME = "broker"
SUMMARY = "The broker's lists are wiped every 10 s; throughput is compared with that of an undisturbed stretch."
# Tickets of a second, so that every few of them have to be sent, and can be lost.
PACE = {"PENTIMENTO_TICKET_SECONDS": "1", "PENTIMENTO_PACED_SECONDS": "0.05", "PENTIMENTO_CHUNK_SECONDS": "1"}
LISTS = (render_queue("paced"), LIGHT_QUEUE, "unacked", "unacked_index")


def run(progress: Callable[[str], None], *, short: bool) -> list[Figure]:
    """Undisturbed, wiped, wiped, undisturbed for 30 s each over four workers; short: 3 s, each 1 s, over one.

    In this order whatever grows slower with the job, or busier on the machine, weighs on both alike.
    """
    workers, stretch, pause = (1, 3.0, 1.0) if short else (4, 30.0, 10.0)
    with folder() as place, Night(place, workers=workers, environment=PACE) as night:
        job = night.submit(300 if short else 14_000)
        with night.watch(job) as watch:
            night.until(job, lambda view: view.settled > 0, seconds=60)
            calm, wiped = [_rate(night, job, stretch)], list[float]()
            with _wiped(night, pause):
                wiped += [_rate(night, job, stretch), _rate(night, job, stretch)]
            calm.append(_rate(night, job, stretch))
            progress(f"undisturbed: {_said(calm)} a second; wiped: {_said(wiped)}")
            assert not night.book.describe(job).state.terminal, "the job ended before the last stretch did"
            with _wiped(night, pause):
                night.finished(job, seconds=600)
        tally = night.tally(job, watch)
    kept = sum(wiped) / sum(calm) if any(calm) else 0.0
    least = 0.6 if short else 0.8  # seconds are noisy
    return [
        Figure("undisturbed", sum(calm) / len(calm), "images/s"),
        Figure("wiped ÷ undisturbed", kept, "×", f"≥ {least:g} ×", kept >= least),
        *tally.figures(stall_below=10, rerenders=0),
    ]


def _said(rates: list[float]) -> str:
    return ", ".join(f"{rate:.1f}" for rate in rates)


def _rate(night: Night, job: str, seconds: float) -> float:
    before, began = night.book.describe(job).settled, time.monotonic()
    time.sleep(seconds)
    return (night.book.describe(job).settled - before) / (time.monotonic() - began)


@contextmanager
def _wiped(night: Night, pause: float) -> Iterator[None]:
    """The lists vanish now, and then each `pause` seconds."""
    over = threading.Event()

    def wipe() -> None:
        while True:
            night.redis.delete(*(night.book.keys.named(name) for name in LISTS))
            if over.wait(pause):
                return

    wiper = threading.Thread(target=wipe, name="wiper")
    wiper.start()
    try:
        yield
    finally:
        over.set()
        wiper.join()
