"""What a fourth worker is worth: one worker and four over the same ledger, on a backend that only waits."""

import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from api.cli.bench import Figure
from api.stack import Stack
from tests.faults.procs import cpu_seconds
from tests.stories.conftest import Farm, picture

NAME = "scale"
SUMMARY = "Pictures a second with 1 and with 4 workers on an I/O-bound backend; 4 are worth at least 3.6."
RUNS = 3
WORKERS = 4
PACED_SECONDS = 0.25
VARIANTS = 160  # for each worker: 40 s, so that the uneven end of a job weighs little
GOAL = 0.9


@dataclass(frozen=True, slots=True)
class Measured:
    """One farm's job, from its first lease to its last settle.

    idle_seconds: from the last picture of the worker that was done first to the end. cpu_ms: of all processes, for each
    picture.
    """

    rate: float
    idle_seconds: float
    cpu_ms: float


def run(progress: Callable[[str], None], *, variants: int = VARIANTS) -> list[Figure]:
    """Pairs of a farm with one worker and one with four, each with the same work for each worker; medians of ratios."""
    pairs = []
    for number in range(RUNS):
        one, four = measured(1, variants), measured(WORKERS, variants)
        pairs.append((one, four))
        progress(
            f"pair {number + 1} of {RUNS}: {one.rate:.2f}/s with 1 worker, {four.rate:.2f}/s with {WORKERS}, "
            f"{four.cpu_ms:.0f} ms of CPU a picture, one worker idle for the last {four.idle_seconds:.1f} s"
        )
    ratio = statistics.median(four.rate / one.rate / WORKERS for one, four in pairs)
    return [
        Figure("1 worker", statistics.median(one.rate for one, _ in pairs), "images/s"),
        Figure(f"{WORKERS} workers", statistics.median(four.rate for _, four in pairs), "images/s"),
        Figure("idle at the end, at most", statistics.median(four.idle_seconds for _, four in pairs), "s"),
        Figure("CPU a picture, all processes", statistics.median(four.cpu_ms for _, four in pairs), "ms"),
        Figure(f"{WORKERS} ÷ 1 ÷ {WORKERS}", ratio, "", f"≥ {GOAL}", ratio >= GOAL),
    ]


def measured(workers: int, variants: int) -> Measured:
    """A job of `variants` for each worker, on a farm of its own that has worked before."""
    environment = {"PENTIMENTO_BACKEND": "paced", "PENTIMENTO_PACED_SECONDS": str(PACED_SECONDS)}
    count = variants * workers
    with (
        tempfile.TemporaryDirectory(prefix="pentimento-bench-") as folder,
        Stack(Path(folder), workers=workers, extra_env=environment) as stack,
        Farm(stack) as farm,
    ):
        warm = farm.finished(submitted(farm, 4 * workers))
        assert warm["state"] == "succeeded"
        before = sum(map(cpu_seconds, stack.processes.values()))
        job = submitted(farm, count)
        view = farm.finished(job, seconds=600)
        cpu = sum(map(cpu_seconds, stack.processes.values())) - before
        assert (view["state"], view["settled"]) == ("succeeded", count)
        ended = float(view["finished_at"])
        return Measured(count / (ended - float(view["started_at"])), ended - _first_done(farm, job), 1000 * cpu / count)


def _first_done(farm: Farm, job: str) -> float:
    """When the worker settled its last picture that was done before the others, Unix seconds."""
    last: dict[str, float] = defaultdict(float)
    for record in farm.records(job):
        last[record["worker"]] = max(last[record["worker"]], float(record["settled_at"]))
    return min(last.values())


def submitted(farm: Farm, count: int) -> str:
    """A job of that many variants."""
    image = farm.upload(picture(int(time.time()) % 256))
    return farm.submit({"images": [image], "model": "tiny", "prompt": "a boat", "steps": 4, "samples": count})
