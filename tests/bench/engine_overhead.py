"""What the engine's own Python costs beside the network and the samplers, and how full its batches are."""

import statistics
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from api.cli.bench import Figure
from tests.bench._engine import ROWS, mixed, rig
from worker.engine.batch import Batch
from worker.engine.engine import Engine
from worker.engine.launch import Launcher
from worker.engine.model import LoadedModel
from worker.engine.row import Flight

NAME = "engine-overhead"
SUMMARY = "The executor's Python per variant-step, and the share of batch rows that hold a variant."
RUNS = 3
COUNT = 1000
GOAL_MICROSECONDS = 100
GOAL_OCCUPANCY = 0.98


def run(progress: Callable[[str], None]) -> list[Figure]:
    """COUNT mixed variants, RUNS times."""
    model = "bench-tiny"
    orders = mixed(model, 64, COUNT)
    overheads, samplers, occupancies = [], [], []
    with rig(model, 64) as rigged:
        rigged.engine(orders[:32])
        for number in range(RUNS):
            with _watched() as seen:
                rigged.engine(orders)
            own = seen["tick"] - seen["network"] - seen["sampler"] - seen["launch"]
            overheads.append(own / seen["steps"] * 1e6)
            samplers.append(seen["sampler"] / seen["steps"] * 1e6)
            occupancies.append(seen["slots"] / (seen["batches"] * ROWS[model]))
            progress(f"run {number + 1} of {RUNS}: {overheads[-1]:.0f} µs, {occupancies[-1]:.4f} full")
    own, full = statistics.median(overheads), statistics.median(occupancies)
    return [
        Figure("executor, per variant-step", own, "µs", f"≤ {GOAL_MICROSECONDS} µs", own <= GOAL_MICROSECONDS),
        Figure("diffusers' schedulers, per variant-step", statistics.median(samplers), "µs"),
        Figure(f"rows taken, {COUNT} variants", full, "", f"≥ {GOAL_OCCUPANCY}", full >= GOAL_OCCUPANCY),
    ]


@contextmanager
def _watched() -> Iterator[dict[str, float]]:
    """CPU seconds of the device's thread by part while the block runs; steps, batches and slots are counted."""
    seen = dict.fromkeys(("tick", "network", "sampler", "launch", "steps", "batches", "slots"), 0.0)
    parts = [
        (Engine, "_tick", "tick"),
        (LoadedModel, "denoise", "network"),
        (LoadedModel, "decode", "network"),
        (Launcher, "launch", "launch"),
        (Flight, "model_input", "sampler"),
        (Flight, "advance", "sampler"),
    ]
    before = [(owner, name, getattr(owner, name)) for owner, name, _ in parts]
    for owner, name, part in parts:
        setattr(owner, name, _timed(getattr(owner, name), seen, part))
    predict = Batch.predict

    def counted(batch: Batch, rows: Any) -> Any:
        seen["steps"] += len(rows)
        seen["batches"] += 1
        seen["slots"] += sum(row.cost for row, _ in rows)
        return predict(batch, rows)

    setattr(Batch, "predict", counted)  # noqa: B010 — mypy, too, should take it
    try:
        yield seen
    finally:
        setattr(Batch, "predict", predict)  # noqa: B010
        for owner, name, whole in before:
            setattr(owner, name, whole)


def _timed(act: Callable[..., Any], seen: dict[str, float], part: str) -> Callable[..., Any]:
    clock = time.thread_time

    def timed(*args: object) -> Any:
        begun = clock()
        try:
            return act(*args)
        finally:
            if threading.current_thread().name == "device":
                seen[part] += clock() - begun

    return timed
