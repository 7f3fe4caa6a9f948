"""What a plan costs that counts a million variants of ten thousand images."""

import json
import resource
import time
from collections.abc import Callable

from api.cli.bench import Figure
from api.planner import make_plan
from jobs.manifest import parse_manifest

NAME = "plan"
SUMMARY = "Reading, checking and planning a manifest of 10,000 images and 10⁶ variants."
RUNS = 3
GOAL_SECONDS = 2.0
GOAL_BYTES = 200_000_000


def run(progress: Callable[[str], None]) -> list[Figure]:
    """From JSON text to a plan with ten variants, in this process."""
    images = [{"uri": f"s3://bench/{k:06d}.png", "set": {"subject": f"boot {k}"}} for k in range(10_000)]
    text = json.dumps({
        "images": images, "model": "tiny", "prompt": "{medium} of {subject}", "strength": [0.3, 0.4, 0.5, 0.6, 0.7],
        "matrix": {"medium": ["crayon", "oil", "chalk", "ink"]}, "exclude": [{"strength": 0.3, "medium": "oil"}],
        "samples": 5, "seed": {"base": 7},
    })  # fmt: skip
    best, count = 1e9, 0
    for number in range(RUNS):
        progress(f"round {number + 1} of {RUNS}")
        begun = time.process_time()
        spec = parse_manifest(text, source="bench.json")
        count = make_plan(spec, table=None, show=10).count or 0
        best = min(best, time.process_time() - begun)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return [
        Figure(f"plan of {count:,} variants", best, "s", f"< {GOAL_SECONDS:g} s", best < GOAL_SECONDS),
        Figure("of it a microsecond an image", best / 10_000 * 1e6, "µs"),
        Figure("resident memory of the process", peak / 1e6, "MB", "< 200 MB", peak < GOAL_BYTES),
    ]
