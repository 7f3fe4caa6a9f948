"""An urgent variant amid a bulk sweep: it enters at the next step, and a row of the bulk is set aside for it."""

import statistics
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from api.cli.bench import Figure
from tests.bench._engine import Rig, mixed, one, parameters, picture, rig
from worker.backends import Order, Rendered

NAME = "inject"
SUMMARY = "One urgent variant's time in the engine while three bulk sweeps fill it ÷ its time alone."
RUNS = 9
BULK_CALLERS = 3
GOAL = 2.0


def run(progress: Callable[[str], None]) -> list[Figure]:
    """RUNS times alone, then RUNS times amid the bulk; wall time, because waiting is what this is about."""
    figures = []
    for model, size in (("bench-tiny", 64), ("bench-small", 128)):
        with rig(model, size) as rigged:
            asked = parameters(7, steps=30, strength=0.8)
            urgent = replace(one(model, 10**6, picture(size), asked), urgent=True)
            alone = [_seconds(rigged, urgent) for _ in range(RUNS)][1:]
            amid = _amid(rigged, urgent)
        over = statistics.median(amid) / statistics.median(alone)
        progress(f"{model}: alone {statistics.median(alone):.2f} s, amid {statistics.median(amid):.2f} s")
        figures.append(Figure(f"{model} {size}²: amid bulk ÷ alone", over, "×", f"≤ {GOAL:g}", over <= GOAL))
    return figures


def _amid(rigged: Rig, urgent: Order) -> list[float]:
    stop, filled = threading.Event(), threading.Semaphore(0)

    def bulk(seed: int) -> None:
        orders = mixed(rigged.model, rigged.size, 50, seed=seed)

        def endless() -> Iterator[Order]:
            while not stop.is_set():
                yield from orders

        for _ in rigged.backend.render(endless(), stop=stop, on_step=lambda _: None):
            filled.release()

    with ThreadPoolExecutor(BULK_CALLERS) as callers:
        running = [callers.submit(bulk, seed) for seed in range(BULK_CALLERS)]
        for _ in range(2 * BULK_CALLERS):
            filled.acquire()
        found = [_seconds(rigged, urgent) for _ in range(RUNS)]
        stop.set()
        for one_caller in running:
            one_caller.result()
    return found


def _seconds(rigged: Rig, urgent: Order) -> float:
    begun = time.perf_counter()
    (outcome,) = rigged.backend.render(iter([urgent]), stop=threading.Event(), on_step=lambda _: None)
    assert isinstance(outcome, Rendered)
    return time.perf_counter() - begun
