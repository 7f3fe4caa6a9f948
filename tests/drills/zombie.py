"""Workers that seem dead and aren't: frozen longer than their leases, then awake again and sure that they hold them."""

import json
import random
from collections import Counter
from collections.abc import Callable

from api.cli.bench import Figure
from tests.faults.night import LEASE_SECONDS, Night, folder

NAME = "zombie"
SUMMARY = "A worker is frozen past its leases and woken, again and again, with a wide gap between write and settle."
SAME_PICTURE = "stored before"
# One may miss the moment between write and settle; that several do is the defect that is looked for.
SHORT_FREEZES = 4
# Chunks of a second, so that others come to the frozen rows while it sleeps.
PACED = {"PENTIMENTO_PACED_SECONDS": "0.05", "PENTIMENTO_CHUNK_SECONDS": "1"}


def run(progress: Callable[[str], None], *, short: bool) -> list[Figure]:
    """25 freezes of one in three workers; short: of one in two, with leases of 2 s, until a write met its like."""
    workers, freezes, lease = (2, SHORT_FREEZES, 2.0) if short else (3, 25, float(LEASE_SECONDS))
    rate = 8 * workers if short else 12 * workers
    count = max(200, int(rate * freezes * (lease + 4)) // 100 * 100)
    draw = random.Random(7)
    # Wide gaps after a picture was made, and after it was stored: that is where a freeze makes two of one.
    gaps = f"before-write:{0.2 if short else 0.05},before-settle:0.3"
    environment = {**PACED, "PENTIMENTO_CRASH_AT": gaps, "PENTIMENTO_LEASE_SECONDS": str(lease)}
    with folder() as place, Night(place, workers=workers, environment=environment) as night:
        job = night.submit(count)
        with night.watch(job) as watch:
            done = 0
            for number in range(1, freezes + 1):
                view = night.until(job, lambda view: view.leased > 0 or view.state.terminal, seconds=60)
                if view.state.terminal:
                    break
                night.freeze(_busiest(night, job), lease + draw.uniform(3, 4))
                done += 1
                if short and night.said(SAME_PICTURE):
                    break
                if number % 5 == 0:
                    progress(f"{number} freezes, {night.book.describe(job).settled} of {count} settled")
            night.finished(job, seconds=900)
        tally = night.tally(job, watch)
        conflicts, late = night.said(SAME_PICTURE), night.said('"said": "lost"')
    # A freeze costs what the frozen worker's device and uploads held; in the short form that is far above 1%.
    allowed = done * 20 if short else count // 100
    return [
        Figure("freezes", done, "", f"≥ {1 if short else freezes}", done >= (1 if short else freezes)),
        Figure("leases that expired", watch.kinds["lost"], "", "≥ 1", watch.kinds["lost"] >= 1),
        Figure("leases that a woken worker learned to be lost", late, ""),
        Figure("writes that met the same picture", conflicts, "", "≥ 1", conflicts >= 1),
        *tally.figures(stall_below=lease + 5, rerenders=allowed),
    ]


def _busiest(night: Night, job: str) -> str:
    """The worker that holds the most leases; any where none holds one by now."""
    held = night.redis.hvals(night.book.keys.job(job, "lease"))
    pids = Counter(int(json.loads(lease)["worker"].split("-")[-2]) for lease in held)
    names = {pid: name for name, pid in night.stack.processes.items()}
    return next((names[pid] for pid, _ in pids.most_common() if pid in names), night.workers[0])
