"""Workers die by kill -9 all night, and Redis now and then: what must be true in the morning."""

import random
import time
from collections.abc import Callable

from api.cli.bench import Figure
from tests.faults.night import LEASE_SECONDS, ROWS_IN_FLIGHT, Keeper, Night, folder, kill_someone

NAME = "kill"
SUMMARY = "A kill -9 of a random worker every 1 to 3 s, and of Redis a few times, during one job."


def run(progress: Callable[[str], None], *, short: bool) -> list[Figure]:
    """Four workers, 12,000 variants, 200 kills, five of Redis; short: three workers, 300 variants, 5 kills, one."""
    workers, count, kills, redis_kills = (3, 300, 5, 1) if short else (4, 12_000, 200, 5)
    draw, done = random.Random(7), 0
    with folder() as place, Night(place, workers=workers) as night:
        job = night.submit(count)
        with night.watch(job) as watch, Keeper(night):
            night.until(job, lambda view: view.settled > 0, seconds=60)
            for number in range(1, kills + 1):
                if night.book.describe(job).state.terminal:
                    break
                done += kill_someone(night, draw)
                if number % max(1, kills // redis_kills) == 0:
                    night.stack.kill("redis")
                    night.stack.restart("redis")
                if number % 10 == 0:
                    progress(f"{number} kills, {night.book.describe(job).settled} of {count} settled")
                time.sleep(draw.uniform(1, 2) if short else draw.uniform(1, 3))
            progress("no more kills")
            night.finished(job, seconds=1800)
        tally = night.tally(job, watch)
    return [
        Figure("kills of a worker", done, "", f"≥ {kills}", done >= kills),
        Figure("kills of Redis", redis_kills, ""),
        Figure("leases that expired", watch.kinds["lost"], ""),
        Figure("suspects that ran alone", watch.suspects, ""),
        *tally.figures(stall_below=LEASE_SECONDS + 5, rerenders=done * ROWS_IN_FLIGHT),
    ]
