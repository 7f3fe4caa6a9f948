"""What a fourth worker is worth: one worker and four over the same ledger, on a backend that only waits."""

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from api.cli.bench import Figure
from api.stack import Stack
from tests.stories.conftest import Farm, picture

NAME = "scale"
SUMMARY = "Pictures a second with 1 and with 4 workers on an I/O-bound backend; 4 are worth at least 3.6."
RUNS = 3
WORKERS = 4
PACED_SECONDS = 0.25
VARIANTS = 160  # for each worker: 40 s, so that the uneven end of a job weighs little
GOAL = 0.9


def run(progress: Callable[[str], None], *, variants: int = VARIANTS) -> list[Figure]:
    """Pairs of a farm with one worker and one with four, each with the same work for each worker; medians of ratios."""
    pairs = []
    for number in range(RUNS):
        one, four = rate(1, variants), rate(WORKERS, variants)
        pairs.append((one, four))
        progress(f"pair {number + 1} of {RUNS}: {one:.2f}/s with 1 worker, {four:.2f}/s with {WORKERS}")
    ratio = statistics.median(four / one / WORKERS for one, four in pairs)
    return [
        Figure("1 worker", statistics.median(one for one, _ in pairs), "images/s"),
        Figure(f"{WORKERS} workers", statistics.median(four for _, four in pairs), "images/s"),
        Figure(f"{WORKERS} ÷ 1 ÷ {WORKERS}", ratio, "", f"≥ {GOAL}", ratio >= GOAL),
    ]


def rate(workers: int, variants: int) -> float:
    """Pictures a second, from the first lease of a job of `variants` for each worker to its last settle."""
    environment = {"PENTIMENTO_BACKEND": "paced", "PENTIMENTO_PACED_SECONDS": str(PACED_SECONDS)}
    with (
        tempfile.TemporaryDirectory(prefix="pentimento-bench-") as folder,
        Stack(Path(folder), workers=workers, extra_env=environment) as stack,
        Farm(stack) as farm,
    ):
        warm = farm.finished(submitted(farm, 4 * workers))
        assert warm["state"] == "succeeded"
        job = submitted(farm, variants * workers)
        view = farm.finished(job, seconds=600)
        assert (view["state"], view["settled"]) == ("succeeded", variants * workers)
        seconds = float(view["finished_at"]) - float(view["started_at"])
        return variants * workers / seconds


def submitted(farm: Farm, count: int) -> str:
    """A job of that many variants."""
    image = farm.upload(picture(int(time.time()) % 256))
    return farm.submit({"images": [image], "model": "tiny", "prompt": "a boat", "steps": 4, "samples": count})
