"""Same spec, same bytes: shuffled, few at once, alone, by two workers, and where one takes up what another left."""

import hashlib
import random
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice

from api.cli.bench import Figure
from jobs.models import ModelTable
from jobs.telemetry.metrics import HANDS
from tests.bench._engine import ROWS, Rig, mixed, open_backend, render, rig
from worker.backends import Order, Pixels, Rendered
from worker.output.picture import Encoder

NAME = "engine-bytes"
SUMMARY = "1,000 mixed variants: shuffled, few at once, alone, by two workers, stopped half-way: equal PNGs; the price."
RUNS = 1
COUNT = 1000
ALONE = 25
CAP, CAPPED_EACH = 3, 10
COST = 3


def run(progress: Callable[[str], None]) -> list[Figure]:
    """All of it once; the price of batches of a fixed size is their empty rows."""
    model = "bench-tiny"
    orders = mixed(model, 64, COUNT)
    with rig(model, 64) as rigged:
        encoder = Encoder(rigged.backend._table, engine="bench")

        def hashes(found: dict[int, Pixels]) -> dict[int, str]:
            return {n: _hash(encoder, orders[n], pixels) for n, pixels in found.items()}

        begun, rows = time.process_time(), _rows()
        expected = hashes(rigged.engine(orders))
        used, there = (after - before for before, after in zip(rows, _rows(), strict=True))
        progress(f"first: {time.process_time() - begun:.0f} CPU s")
        ways: dict[str, Callable[[], dict[int, Pixels]]] = {
            "shuffled": lambda: rigged.engine(random.Random(5).sample(orders, COUNT)),
            f"at most {CAP} at once ({COUNT // CAPPED_EACH})": lambda: _capped(rigged, orders[::CAPPED_EACH]),
            f"alone ({ALONE})": lambda: _alone(rigged, orders),
            "two workers": lambda: _two(rigged, orders),
            "stopped half-way and taken up": lambda: _resumed(rigged, orders),
        }
        figures = []
        for name, way in ways.items():
            found = hashes(way())
            equal = sum(expected[n] == found[n] for n in found) / len(found)
            progress(f"{name}: {len(found)} pictures")
            figures.append(Figure(f"{name}: equal PNGs", 100 * equal, "%", "100 %", equal == 1))
    empty = 100 * (1 - used / there)
    return [*figures, Figure("empty rows, what it costs", empty, "%", f"≤ {COST} %", empty <= COST)]


def _rows() -> tuple[float, float]:
    """Rows that held a variant, and all, of the batches so far."""
    names = "pentimento_engine_rows_used_total", "pentimento_engine_rows_computed_total"
    used, there = (HANDS.get_sample_value(name) or 0.0 for name in names)
    return used, there


def _hash(encoder: Encoder, order: Order, pixels: Pixels) -> str:
    return hashlib.sha256(encoder.encode(Rendered(order, pixels, 0.0))).hexdigest()


def _alone(rigged: Rig, orders: Sequence[Order]) -> dict[int, Pixels]:
    found: dict[int, Pixels] = {}
    for order in orders[:: COUNT // ALONE]:
        found |= rigged.engine([order])
    return found


def _capped(rigged: Rig, orders: Sequence[Order]) -> dict[int, Pixels]:
    """At most so many between pull and hand-out, so that batches are never full."""
    room = rigged.backend._room
    rigged.backend._room = CAP
    try:
        return rigged.engine(orders)
    finally:
        rigged.backend._room = room


def _two(rigged: Rig, orders: Sequence[Order]) -> dict[int, Pixels]:
    table: ModelTable = rigged.backend._table
    other = open_backend(table.path.parent, rigged.model, ROWS[rigged.model])
    try:
        with ThreadPoolExecutor(2) as workers:
            halves = workers.map(render, (rigged.backend, other), (orders[::2], orders[1::2]))
            return {n: pixels for half in halves for n, pixels in half.items()}
    finally:
        other.close()


def _resumed(rigged: Rig, orders: Sequence[Order]) -> dict[int, Pixels]:
    stop = threading.Event()
    outcomes = rigged.backend.render(iter(orders), stop=stop, on_step=lambda _: None)
    begun = [outcome for outcome in islice(outcomes, COUNT // 2) if isinstance(outcome, Rendered)]
    stop.set()
    for _ in outcomes:
        pass
    found = {outcome.order.variant.index: outcome.pixels for outcome in begun}
    return found | rigged.engine([order for order in orders if order.variant.index not in found])
