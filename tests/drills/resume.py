"""After a crash in the middle of a job of a million: how long until what is open is known, and leased again."""

import random
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import redis

from api.cli.bench import Figure
from jobs.ledger.book import Book
from jobs.ledger.leasing import Leasing
from jobs.ledger.views import Lease
from jobs.state import Lane
from tests.faults.redis_control import RedisControl

NAME = "resume"
SUMMARY = "Reap and lease after a crash within a job of 10⁶ variants, half of it settled."
COUNT = 1_000_000
GOAL_MS = 10.0


def run(progress: Callable[[str], None], *, short: bool) -> list[Figure]:
    """100 crashes; short: 5."""
    crashes = 5 if short else 100
    with tempfile.TemporaryDirectory(prefix="pentimento-drill-") as name, RedisControl(Path(name)) as control:
        client: Any = redis.Redis.from_url(control.url, decode_responses=True)
        with client:
            times, exact = _drill(client, crashes)
    progress(f"{crashes} crashes")
    middle, slowest = statistics.median(times) * 1e3, max(times) * 1e3
    median = Figure("reap, then the first lease, median", middle, "ms")
    if not short:  # five times of milliseconds say nothing on a machine that others use, too
        median = replace(median, goal=f"≤ {GOAL_MS:g} ms", met=middle <= GOAL_MS)
    return [
        median,
        Figure("the same, slowest", slowest, "ms"),
        Figure("crashes after which exactly the open variants came again", exact, "", str(crashes), exact == crashes),
    ]


def _drill(client: Any, crashes: int) -> tuple[list[float], int]:
    draw, now, exact, times = random.Random(7), [1_000_000.0], 0, []
    book = Book(client, now=lambda: now[0])
    leasing = Leasing(book)
    book.accept(
        job="job", caller="drill", lane=Lane.NORMAL, name="", spec=b"{}", spec_hash="", count=COUNT, total=COUNT,
        models=("tiny",), results_uri="s3://out/", max_failures=None, idempotency_key=None, body_hash="",
    )  # fmt: skip
    leasing.ready("job", count=COUNT, total=COUNT, span=1, manifest_uri="s3://out/manifest.json")
    while (lease := _lease(leasing)).stop < COUNT // 2:
        leasing.settle(lease, range(lease.start, lease.stop))
        leasing.release(lease, [], chunk=512)
    leasing.settle(lease, range(lease.start, lease.stop))
    leasing.release(lease, [], chunk=512)
    for _ in range(crashes):
        held = _lease(leasing)
        flight = sorted(draw.sample(range(held.start, held.stop), 8))
        done = [index for index in range(held.start, held.stop) if index not in flight and draw.random() < 0.5]
        leasing.settle(held, done)
        leasing.beat(held, in_flight=flight, lease_seconds=30, max_age_seconds=300)
        now[0] += 31
        again, began = set[int](), time.perf_counter()
        leasing.reap()
        lease = _lease(leasing)
        times.append(time.perf_counter() - began)
        while lease.again:
            again |= set(range(lease.start, lease.stop))
            leasing.settle(lease, range(lease.start, lease.stop))
            leasing.release(lease, [], chunk=512)
            lease = _lease(leasing)
        exact += again == set(range(held.start, held.stop)) - set(done)
        leasing.settle(lease, range(lease.start, lease.stop))
        leasing.release(lease, [], chunk=512)
    return times, exact


def _lease(leasing: Leasing) -> Lease:
    lease = leasing.lease(
        "worker", models=["tiny"], lease_seconds=30, slots=1, first_chunk=512, urgent_only=False, alone_allowed=True
    )
    assert isinstance(lease, Lease)
    return lease
