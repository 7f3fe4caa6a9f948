"""What the system costs on top of the engine: images per CPU second through everything, beside the bare engine.

CPU seconds (user and system) of the worker's process, not wall time: queueing and uploading may take their time as long
as they leave the processor to the engine. Each pair renders the same variants, first here by the bare backend, then by
a whole farm; seeds differ from pair to pair, so that nothing is found to be there already.

A CPU second beside a busy Redis, store or API is worth a little less than one alone, where they share a core or its
caches; that is in the ratio.
"""

import hashlib
import io
import os
import random
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from api.cli.bench import Figure
from api.cli.client import Client
from api.cli.sse import events
from api.stack import Stack
from jobs.manifest import parse_manifest
from jobs.models import ModelTable
from jobs.settings import settings
from jobs.spec import JobSpec, canonical_json
from jobs.sweep import Sweep
from worker.backends import Order, Rendered
from worker.backends.local import LocalBackend

NAME = "end-to-end"
SUMMARY = "Images per CPU second through the whole system ÷ the engine alone, at 256 × 256."
RUNS = 7
GOAL = 0.97
SIZE = 256
MANIFEST = """
name: bench
images: ["{uri}"]
model: tiny
prompt: crayon drawing of a boat
strength: 0.6
steps: 20
samples: 48
seed: {{policy: per_variant, base: {base}}}
output: {{sheet: false}}
"""


@dataclass(frozen=True, slots=True)
class Cost:
    """What rendering one job took."""

    images: int
    cpu_seconds: float
    wall_seconds: float

    @property
    def per_cpu_second(self) -> float:
        """Images."""
        return self.images / self.cpu_seconds

    @property
    def per_second(self) -> float:
        """Images, by wall time."""
        return self.images / self.wall_seconds


@dataclass(frozen=True, slots=True)
class Pair:
    """The same job by the engine alone and by the whole system."""

    alone: Cost
    whole: Cost

    @property
    def by_cpu(self) -> float:
        """What the whole system makes of a CPU second, as a share of what the engine makes of it."""
        return self.whole.per_cpu_second / self.alone.per_cpu_second

    @property
    def by_wall(self) -> float:
        """The same by wall time, from submit to results written."""
        return self.whole.per_second / self.alone.per_second


def run(progress: Callable[[str], None]) -> list[Figure]:
    """RUNS pairs of the same job, by the engine alone and by a whole farm, after one of each to warm up."""
    pixels = _gradients()
    data = _png(pixels)
    pairs = []
    with _backend() as backend, _farm() as (stack, client):
        uri = client.upload(data).uri
        for number in range(-1, RUNS):
            spec = parse_manifest(MANIFEST.format(uri=uri, base=number + 1), source="bench", format="yaml")
            pair = Pair(_alone(backend, spec, pixels, data), _whole(stack, client, spec))
            if number >= 0:
                pairs.append(pair)
                progress(f"pair {number + 1} of {RUNS}: {pair.by_cpu:.3f} by CPU seconds, {pair.by_wall:.3f} by wall")
    return _figures(pairs)


def _alone(backend: LocalBackend, spec: JobSpec, pixels: np.ndarray, data: bytes) -> Cost:
    sweep, sha256 = Sweep(spec), hashlib.sha256(data).hexdigest()
    orders = (Order(variant, pixels, sha256, "") for variant in sweep)
    wall, cpu = time.perf_counter(), time.process_time()
    outcomes = list(backend.render(orders, stop=threading.Event(), on_step=lambda _: None))
    cost = Cost(len(outcomes), time.process_time() - cpu, time.perf_counter() - wall)
    assert all(isinstance(outcome, Rendered) for outcome in outcomes)
    return cost


def _whole(stack: Stack, client: Client, spec: JobSpec) -> Cost:
    pid = stack.processes["worker"]
    wall, cpu = time.perf_counter(), _cpu_seconds(pid)
    job, _ = client.submit(canonical_json(spec), key=os.urandom(8).hex())
    for event in events(client, job.id):
        if event.kind == "written":
            break
    cost = Cost(Sweep(spec).count, _cpu_seconds(pid) - cpu, time.perf_counter() - wall)
    assert client.job(job.id).complete
    return cost


def _cpu_seconds(pid: int) -> float:
    """User and system time of a process and of the children that it has waited for."""
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    return sum(int(field) for field in fields[11:15]) / os.sysconf("SC_CLK_TCK")


@contextmanager
def _backend() -> Iterator[LocalBackend]:
    here = settings()
    backend = LocalBackend(ModelTable.load(here.models_file), here)
    try:
        yield backend
    finally:
        backend.close()


@contextmanager
def _farm() -> Iterator[tuple[Stack, Client]]:
    with tempfile.TemporaryDirectory(prefix="pentimento-bench-") as folder, Stack(Path(folder)) as stack:  # noqa: SIM117
        with Client(stack.api_url) as client:
            yield stack, client


def _gradients() -> np.ndarray:
    draw = random.Random(1)
    low = np.array([[[draw.randrange(256) for _ in range(3)] for _ in range(4)] for _ in range(4)], np.uint8)
    return np.asarray(Image.fromarray(low).resize((SIZE, SIZE), Image.Resampling.BICUBIC))


def _png(pixels: np.ndarray) -> bytes:
    data = io.BytesIO()
    Image.fromarray(pixels).save(data, "PNG")
    return data.getvalue()


def _figures(pairs: list[Pair]) -> list[Figure]:
    low, middle, high = statistics.quantiles([pair.by_cpu for pair in pairs], n=4)
    wall = statistics.median(pair.by_wall for pair in pairs)
    return [
        Figure("system ÷ engine, per CPU second, median", middle, "×", f"≥ {GOAL:g} ×", middle >= GOAL),
        Figure("the same, first quartile", low, "×"),
        Figure("the same, third quartile", high, "×"),
        Figure("system ÷ engine, wall, submit to results written, median", wall, "×"),
        Figure("engine alone", statistics.median(pair.alone.per_cpu_second for pair in pairs), "images/CPU s"),
        Figure("whole system", statistics.median(pair.whole.per_cpu_second for pair in pairs), "images/CPU s"),
        Figure("engine alone, wall", statistics.median(pair.alone.per_second for pair in pairs), "images/s"),
        Figure("whole system, wall", statistics.median(pair.whole.per_second for pair in pairs), "images/s"),
    ]
