"""Many watch one busy job: does each see every event in order, and what do they cost everybody else.

The watchers are a process of their own (`_watchers`), so that what they cost is not counted; the events are real
settles, one a variant, from a hand without an engine.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import httpx

from api.cli.bench import Figure
from api.stack import Stack
from tests.api.conftest import Hands
from tests.bench._hands import hands_at
from tests.bench._watchers import Seen, digest

NAME = "events"
SUMMARY = "200 watchers of one job at 200 events/s: all of them in order, the API's p99, and its CPU by watchers."
RUNS = 3
SECONDS = 10.0
RATE = 200
MANY = 200
GOAL_P99_MS = 50.0
GOAL_SPREAD = 2.0
SPEC = {
    "images": ["https://example.org/boat.png"],
    "model": "tiny",
    "prompt": "a boat",
    "strength": {"linspace": [0.1, 0.9, 1000]},
    "samples": 100,
    "output": {"sheet": False},
}


@dataclass(frozen=True, slots=True)
class Measured:
    """One round. cpu: cores that the API used. lost: watchers that did not see exactly what happened."""

    cpu: float
    p99_ms: float
    lost: int
    events: int


def run(progress: Callable[[str], None]) -> list[Figure]:
    """RUNS rounds with one watcher and with MANY, in turn."""
    few, many = [], []
    with tempfile.TemporaryDirectory(prefix="pentimento-bench-") as folder, _farm(Path(folder)) as stack:
        for number in range(RUNS):
            few.append(measure(stack, watchers=1, seconds=SECONDS))
            many.append(measure(stack, watchers=MANY, seconds=SECONDS))
            progress(f"round {number + 1} of {RUNS}: {few[-1]}, {many[-1]}")
    p99 = statistics.median(one.p99_ms for one in many)
    lost = sum(one.lost for one in (*few, *many))
    spread = statistics.median(one.cpu for one in many) / statistics.median(one.cpu for one in few)
    return [
        Figure("watchers that missed, doubled or reordered an event", lost, "", "0", lost == 0),
        Figure(f"API p99 beside {MANY} watchers", p99, "ms", f"≤ {GOAL_P99_MS:g} ms", p99 <= GOAL_P99_MS),
        Figure("API p99 beside one watcher", statistics.median(one.p99_ms for one in few), "ms"),
        Figure(f"the API's CPU, {MANY} watchers ÷ one", spread, "×", f"≤ {GOAL_SPREAD:g} ×", spread <= GOAL_SPREAD),
        Figure(f"the API's CPU with {MANY} watchers", 100 * statistics.median(one.cpu for one in many), "% of a core"),
        Figure("events of a round, median", statistics.median(one.events for one in many), ""),
    ]


def _farm(folder: Path) -> Stack:
    return Stack(folder, workers=0)


def measure(stack: Stack, *, watchers: int, seconds: float) -> Measured:
    """A job whose variants settle one by one, RATE a second, while `watchers` watch and one asks for its state."""
    hands = hands_at(stack)
    feed = hands.desk.feed
    with httpx.Client(base_url=stack.api_url, timeout=30, trust_env=False) as http:
        job = http.post("/v1/jobs", json=SPEC).raise_for_status().json()["id"]
        hands.plan(job)
        with _watching(stack.api_url, job, watchers) as crowd, _Probe(stack.api_url, job) as probe:
            before, began = _cpu(stack.processes["api"]), time.monotonic()
            ids = _settle(hands, job, seconds)
            cpu = (_cpu(stack.processes["api"]) - before) / (time.monotonic() - began)
            slow = sorted(probe.stop())
            http.post(f"/v1/jobs/{job}/cancel").raise_for_status()
            hands.finish()
            seen = [Seen.read(line) for line in crowd.communicate(timeout=120)[0].splitlines()]
        ids += [event.id for event in feed.read(job, after=ids[-1], limit=100)]
    wanted = Seen(len(ids), digest(ids))
    lost = watchers - sum(one == wanted for one in seen)
    return Measured(round(cpu, 3), round(1000 * slow[int(0.99 * len(slow))], 1), lost, len(ids))


def _settle(hands: Hands, job: str, seconds: float) -> list[str]:
    """Settle RATE variants a second; the ids of all events, read on the way: the ledger keeps some thousands only."""
    ids: list[str] = []
    began, done = time.monotonic(), 0
    while done < seconds * RATE:
        lease = hands.lease()
        for index in range(lease.start, min(lease.stop, lease.start + int(seconds * RATE) - done)):
            time.sleep(max(0.0, began + done / RATE - time.monotonic()))
            hands.leasing.settle(lease, [index])
            done += 1
        hands.leasing.release(lease, [], chunk=None)
        ids += [event.id for event in hands.desk.feed.read(job, after=ids[-1] if ids else "0", limit=5000)]
    return ids


def _watching(url: str, job: str, watchers: int) -> "subprocess.Popen[str]":
    argv = [sys.executable, "-m", "tests.bench._watchers", url, job, str(watchers)]
    crowd = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)
    assert crowd.stdout is not None
    assert crowd.stdout.readline() == "watching\n"
    return crowd


class _Probe:
    """Asks for a job's state, fifty times a second, and times each answer."""

    def __init__(self, url: str, job: str) -> None:
        self._http = httpx.Client(base_url=url, timeout=30, trust_env=False)
        self._path = f"/v1/jobs/{job}"
        self._seconds: list[float] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._ask, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._http.close()

    def stop(self) -> list[float]:
        """End; the seconds of each answer."""
        self._over.set()
        self._thread.join()
        return self._seconds

    def _ask(self) -> None:
        while not self._over.wait(0.02):
            began = time.perf_counter()
            self._http.get(self._path).raise_for_status()
            self._seconds.append(time.perf_counter() - began)


def _cpu(pid: int) -> float:
    """Seconds of the processor that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
