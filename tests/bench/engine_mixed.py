"""A sweep in which almost no two variants are alike: what batching steps gains where batching calls gains nothing."""

from collections.abc import Callable
from functools import partial

from api.cli.bench import Figure
from tests.bench._engine import ROWS, compared, group_of, mixed, ratio, rig

NAME = "engine-mixed"
SUMMARY = "64 variants in 50 and more parameter groups: the engine ÷ diffusers called one by one, ÷ called by group."
RUNS = 3
COUNT = 64
GOALS = {("bench-tiny", 64): (5.0, 4.0), ("bench-small", 128): (2.5, 1.7)}


def run(progress: Callable[[str], None]) -> list[Figure]:
    """RUNS rounds of engine, one by one, and by group, for each model."""
    figures: list[Figure] = []
    for (model, size), (beside_naive, beside_grouped) in GOALS.items():
        with rig(model, size) as rigged:
            orders = mixed(model, size, COUNT)
            groups = len({group_of(order) for order in orders})
            acts = (rigged.engine, rigged.naive, rigged.grouped)
            engine, naive, grouped = compared(RUNS, *(partial(act, orders) for act in acts))
        what = f"{model} {size}²"
        progress(f"{what}: {groups} groups, {ROWS[model]} rows")
        over = ratio(naive, engine), ratio(grouped, engine)
        figures += [
            Figure(f"{what}: one by one ÷ engine", over[0], "×", f"≥ {beside_naive:g}", over[0] >= beside_naive),
            Figure(f"{what}: by group ÷ engine", over[1], "×", f"≥ {beside_grouped:g}", over[1] >= beside_grouped),
            Figure(f"{what}: engine", min(engine) / COUNT * 1e3, "ms CPU a picture"),
        ]
    return figures
