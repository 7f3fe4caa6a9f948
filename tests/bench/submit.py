"""What it costs to accept a job, which must not depend on how many pictures it asks for."""

import statistics
import tempfile
import time
import zlib
from collections.abc import Callable
from pathlib import Path

from api.cli.bench import Figure
from api.stack.child import Running
from api.stack.ports import free_port
from api.stack.valkey import Valkey
from jobs.ids import new_job_id
from jobs.ledger.book import Book
from jobs.manifest import parse_manifest
from jobs.settings import Settings
from jobs.spec import canonical_json
from jobs.spec.model import JobSpec
from jobs.state import Lane
from jobs.sweep import Sweep

NAME = "submit"
SUMMARY = "Time and Redis memory to accept a sweep of 100, 10⁴ and 10⁶ variants."
RUNS = 500
WARM_UP = 50

STRENGTHS = {100: 5, 10_000: 500, 1_000_000: 50_000}
MANIFEST = """
name: bench
images: [{images}]
model: tiny
prompt: "crayon drawing of a boot"
strength: {{linspace: [0.2, 0.9, {strengths}]}}
seed: {{policy: per_variant, base: 7}}
samples: 2
"""

GOAL_P99_MS = 5.0
GOAL_BYTES = 8_000
GOAL_SPREAD = 1.1


def run(progress: Callable[[str], None]) -> list[Figure]:
    """Accept RUNS jobs of each size in turn on a fresh Valkey, and SET the same bytes beside each."""
    specs = {size: _spec(size) for size in STRENGTHS}
    for size, spec in specs.items():
        assert Sweep(spec).count == size
    with tempfile.TemporaryDirectory(prefix="pentimento-bench-") as folder:
        server = Valkey(Path(folder) / "data", free_port(), Path(folder) / "valkey.log")
        running = Running(server.child())
        try:
            running.wait_ready()
            book = Book.open(Settings(redis_url=server.url))
            return _measure(book, specs, progress)
        finally:
            running.stop()


def _spec(size: int) -> JobSpec:
    images = ", ".join(f"s3://bench/boot-{number}.png" for number in range(10))
    return parse_manifest(MANIFEST.format(images=images, strengths=STRENGTHS[size]), source="bench", format="yaml")


def _measure(book: Book, specs: dict[int, JobSpec], progress: Callable[[str], None]) -> list[Figure]:
    accepted: dict[int, list[float]] = {size: [] for size in specs}
    whole: dict[int, list[float]] = {size: [] for size in specs}
    bare: list[float] = []
    for number in range(-WARM_UP, RUNS):
        if number % 100 == 0:
            progress(f"{number} of {RUNS} runs")
        for size, spec in specs.items():
            begun = time.perf_counter()
            counts = (Sweep(spec).count, len(Sweep(spec)))
            payload = canonical_json(spec)
            counted = time.perf_counter()
            _accept(book, number, size, payload, counts)
            ended = time.perf_counter()
            if number >= 0:
                accepted[size].append(ended - counted)
                whole[size].append(ended - begun)
        begun = time.perf_counter()
        book.redis.set("bare", zlib.compress(payload))
        if number >= 0:
            bare.append(time.perf_counter() - begun)
    return _figures(accepted, whole, bare, {size: _memory(book, size, spec) for size, spec in specs.items()})


def _accept(book: Book, number: int, size: int, payload: bytes, counts: tuple[int, int]) -> None:
    book.accept(
        job=new_job_id(number + WARM_UP, size.to_bytes(10, "big")), caller="bench", lane=Lane.NORMAL, name="bench",
        spec=payload, spec_hash="0" * 64, count=counts[0], total=counts[1], models=("tiny",),
        results_uri=f"s3://bench/bench/{number}-{size}/", max_failures=None,
        idempotency_key=f"{number}-{size}", body_hash="0" * 64,
    )  # fmt: skip


def _memory(book: Book, size: int, spec: JobSpec, jobs: int = 1000) -> float:
    """Bytes of Redis' memory that one more job takes, its share of every index included."""
    payload, counts = canonical_json(spec), (Sweep(spec).count, len(Sweep(spec)))
    before = int(book.redis.info("memory")["used_memory"])
    for number in range(jobs):
        _accept(book, RUNS + number, size, payload, counts)
    return (int(book.redis.info("memory")["used_memory"]) - before) / jobs


def _figures(
    accepted: dict[int, list[float]], whole: dict[int, list[float]], bare: list[float], memory: dict[int, float]
) -> list[Figure]:
    trip = statistics.median(bare)
    figures = [Figure("bare SET of the same bytes, median", trip * 1e3, "ms")]
    for size, times in accepted.items():
        p99 = statistics.quantiles(times, n=100)[98] * 1e3
        medians = statistics.median(times), statistics.median(whole[size])
        figures += [
            Figure(f"accept {size:,}, median", medians[0] * 1e3, "ms"),
            Figure(f"accept {size:,} ÷ bare SET", medians[0] / trip, "×"),
            Figure(f"accept {size:,}, p99", p99, "ms", f"≤ {GOAL_P99_MS:g} ms", p99 <= GOAL_P99_MS),
            Figure(f"count, freeze and accept {size:,}, median", medians[1] * 1e3, "ms"),
            Figure(f"Redis memory for {size:,}", memory[size], "B", f"≤ {GOAL_BYTES} B", memory[size] <= GOAL_BYTES),
        ]
    middles = [statistics.median(times) for times in accepted.values()]
    spread = max(middles) / min(middles)
    figures.append(Figure("slowest size ÷ fastest size", spread, "×", f"≤ {GOAL_SPREAD:g} ×", spread <= GOAL_SPREAD))
    return figures
