"""What one variant of a sweep costs, which must not depend on how many there are."""

import time
import tracemalloc
from collections.abc import Callable
from typing import Any

from api.cli.bench import Figure
from jobs.spec import parse_spec
from jobs.sweep import Sweep

NAME = "sweep-index"
SUMMARY = "sweep[i] a second on 10⁶ and 10⁹ variants with 6 axes, include and exclude; memory of all of it."
PER_ROUND = 20_000
RUNS = 7

GOAL_A_SECOND = 50_000
GOAL_SPREAD = 1.15
GOAL_BYTES = 50_000_000


def document(strengths: int, guidances: int) -> dict[str, Any]:
    """Six axes, of 2 × 2 × 5 × 5 × strengths × guidances cells, for ten images."""
    return {
        "images": [f"s3://bench/boot-{number}.png" for number in range(10)],
        "model": "tiny",
        "prompt": "{medium} of a boot, {season}",
        "strength": {"linspace": [0.2, 0.9, strengths]},
        "cfg_scale": {"linspace": [1, 20, guidances]},
        "steps": [10, 20],
        "matrix": {
            "medium": ["crayon", "oil", "chalk", "ink", "gouache"],
            "season": ["spring", "summer", "autumn", "winter", "none"],
            "look": [{"sampler": "ddim", "fit": "cover"}, {"sampler": "euler", "fit": "contain"}],
        },
        "exclude": [{"season": "winter", "medium": "oil"}, {"steps": 20, "sampler": "ddim"}],
        "include": [{"strength": 0.1, "cfg_scale": 3, "steps": 50, "medium": "oil", "season": "winter",
                     "sampler": "ddim", "fit": "cover"}],
        "seed": {"base": 7},
    }  # fmt: skip


SIZES = {"10⁶": (100, 10), "10⁹": (1000, 1000)}


def run(progress: Callable[[str], None]) -> list[Figure]:
    """Resolve positions spread over each sweep, in turn, and keep the best round: others share this machine."""
    sweeps = {size: Sweep(parse_spec(document(*shape))) for size, shape in SIZES.items()}
    best = dict.fromkeys(sweeps, 0.0)
    holes = dict.fromkeys(sweeps, 0.0)
    for number in range(RUNS):
        progress(f"round {number + 1} of {RUNS}")
        for size, sweep in sweeps.items():
            best[size] = max(best[size], _rate(sweep, sweep.__getitem__))
            holes[size] = max(holes[size], _rate(sweep, sweep.is_hole))
    figures = [
        Figure(f"sweep[i] on {size} ({len(sweeps[size]):,})", rate, "/s", f"≥ {GOAL_A_SECOND:,}", rate >= GOAL_A_SECOND)
        for size, rate in best.items()
    ]
    figures += [Figure(f"is_hole(i) on {size}", rate, "/s") for size, rate in holes.items()]
    spread = max(best.values()) / min(best.values())
    figures.append(Figure("fastest size ÷ slowest size", spread, "×", f"≤ {GOAL_SPREAD:g} ×", spread <= GOAL_SPREAD))
    peak = _memory()
    figures.append(Figure("memory of the larger, counted", peak / 1e6, "MB", "< 50 MB", peak < GOAL_BYTES))
    return figures


def _rate(sweep: Sweep, ask: Callable[[int], object]) -> float:
    total = len(sweep)
    positions = [k * total // PER_ROUND for k in range(PER_ROUND)]
    begun = time.process_time()
    for index in positions:
        ask(index)
    return PER_ROUND / (time.process_time() - begun)


def _memory() -> int:
    tracemalloc.start()
    sweep = Sweep(parse_spec(document(*SIZES["10⁹"])))
    assert sweep.count > 0
    for k in range(100):
        assert sweep[k * len(sweep) // 100].index >= 0
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak
