"""The disks run full, one after the other: the store's, Redis', the workers' cache. The job waits and goes on."""

import time
from collections.abc import Callable
from contextlib import ExitStack

from api.cli.bench import Figure
from tests.faults.night import Night, folder, picture
from tests.faults.small_disk import SmallDisk
from tests.faults.tally import Watch

NAME = "disk"
SUMMARY = "The disk of the store, of Redis and of the workers' cache is full for a while, during one job."
MEBIBYTE = 1 << 20
PACE = {"PENTIMENTO_PACED_SECONDS": "0.02"}
ACCEPTED_OR_LATER = (201, 503)
"""Never a fault of ours: the order stands, or is to be given again later."""
ENOUGH = 3
"""Pictures settled after a disk had room again that prove that the job goes on."""


def run(progress: Callable[[str], None], *, short: bool) -> list[Figure]:
    """Three workers, each disk full for 20 s; short: one worker, 2 s."""
    workers, full_seconds = (1, 2.0) if short else (3, 20.0)
    with folder() as place, ExitStack() as mounted:
        # The folders are those of a farm's data folder (api/stack/folder.py), made before it starts.
        disks = {
            name: mounted.enter_context(SmallDisk(place / "farm" / name, 64 * MEBIBYTE))
            for name in ("objects", "redis", "cache")
        }
        with Night(place, workers=workers, environment=PACE) as night:
            return _drill(night, disks, full_seconds, progress)


def _drill(
    night: Night, disks: dict[str, SmallDisk], full_seconds: float, progress: Callable[[str], None]
) -> list[Figure]:
    job = night.submit(100_000)
    figures, orders = [], []
    with night.watch(job) as watch:
        night.until(job, lambda view: view.settled > 0, seconds=60)
        for number, (name, disk) in enumerate(disks.items()):
            disk.fill()
            status, accepted = _order(night, hue=number)
            time.sleep(full_seconds)
            disk.make_room()
            seconds = _goes_on(night, job, watch)
            progress(f"{name} was full: an order got {status}; goes on after {seconds:.1f} s")
            orders += [accepted] if accepted else []
            clean = status in ACCEPTED_OR_LATER
            figures.append(Figure(f"{name} was full: goes on after", seconds, "s"))
            figures.append(Figure(f"{name} was full: status of an order", status, "", "201 or 503", clean))
        kept = sum(night.finished(order, seconds=120).state == "succeeded" for order in orders)
        night.http.post(f"/v1/jobs/{job}/cancel").raise_for_status()
        night.finished(job, seconds=120)
    tally = night.tally(job, watch)
    return [
        *figures,
        Figure("orders accepted meanwhile and fulfilled", kept, "", str(len(orders)), kept == len(orders)),
        Figure("settled meanwhile", tally.settled, ""),
        Figure("lines ÷ settled bits", tally.lines / tally.settled, "", "1", tally.lines == tally.settled),
        Figure("refused", tally.refused, "", "0", tally.refused == 0),
        Figure("leases left", tally.leases, "", "0", tally.leases == 0),
    ]


def _order(night: Night, *, hue: int) -> tuple[int, str]:
    """An order of one picture of a new init image: the status it is answered with, and the job where it is accepted."""
    answer = night.http.post("/v1/uploads", content=picture(hue))
    if answer.is_success:
        body = {"images": [answer.json()["uri"]], "model": "tiny", "prompt": "a boat", "output": {"sheet": False}}
        answer = night.http.post("/v1/jobs", json=body | {"steps": 4, "strength": 0.6, "run": {"priority": "urgent"}})
    return answer.status_code, answer.json()["id"] if answer.is_success else ""


def _goes_on(night: Night, job: str, watch: Watch) -> float:
    """Seconds until pictures are settled again."""
    began = time.time()
    deadline = began + 60
    while time.time() < deadline:
        after = [at for at in watch.settled_at if at > began]
        if len(after) >= ENOUGH:
            return after[0] - began
        time.sleep(0.05)
    raise AssertionError(f"it did not go on: {night.book.describe(job)}")
