"""A job of a million variants, paused, resumed, killed, with failures, retried: it completes, and costs little."""

import time
from collections.abc import Callable
from dataclasses import replace
from multiprocessing.process import BaseProcess
from pathlib import Path

from api.cli.bench import Figure
from jobs.settings import Settings
from tests.faults.instant import begin
from tests.faults.night import Night, folder
from tests.faults.procs import cpu_seconds, resident_bytes

NAME = "million"
SUMMARY = "10⁶ variants on an instant backend: paused, resumed, killed, 1% failures, retried."
REDIS_BYTES = 1_500_000
MICROSECONDS = 150
GROWTH = 1.2
REFUSE_EACH = 100


class Ledger:
    """Redis' memory and CPU time, sampled while the drill waits."""

    def __init__(self, night: Night) -> None:
        self._night = night
        self._before = self._memory()
        self._cpu = self._seconds()
        self.peak = 0

    def sample(self) -> None:
        """Look at the memory."""
        self.peak = max(self.peak, self._memory() - self._before)

    def cpu_seconds(self) -> float:
        """CPU time since it was made."""
        return self._seconds() - self._cpu

    def _memory(self) -> int:
        return int(self._night.redis.info("memory")["used_memory"])

    def _seconds(self) -> float:
        said = self._night.redis.info("cpu")
        return float(said["used_cpu_user"]) + float(said["used_cpu_sys"])


def run(progress: Callable[[str], None], *, short: bool) -> list[Figure]:
    """10⁶ variants; short: 5,000, too few for a figure about CPU."""
    count = 5_000 if short else 1_000_000
    with folder() as place, Night(place, workers=0) as night:
        _warm_up(night, place)
        ledger = Ledger(night)
        job = night.submit(count)
        began = time.monotonic()
        settings = _settings(night, place)
        api = night.stack.processes["api"]
        worker = begin(settings, job, refuse_each=REFUSE_EACH)
        _until(night, job, ledger, worker, count // 10)
        small = resident_bytes(worker.pid), resident_bytes(api)
        stood_still = _pause(night, job, ledger, worker, count)
        progress("paused and resumed")
        _until(night, job, ledger, worker, count // 2)
        cpu = cpu_seconds(worker.pid)
        worker.kill()
        worker.join()
        progress("killed")
        worker = begin(settings, job, refuse_each=REFUSE_EACH)
        last = _end(night, job, ledger, worker)
        refused = night.book.describe(job).refused
        progress(f"{refused} refused; retried")
        cpu += last[0]
        night.http.post(f"/v1/jobs/{job}/retry").raise_for_status()
        end = _end(night, job, ledger, begin(settings, job, refuse_each=0))
        cpu += end[0]
        large = last[1], resident_bytes(api)
        bits = int(night.redis.bitcount(night.book.keys.job(job, "settled")))
        view = night.book.describe(job)
        each = [1e6 * seconds / count for seconds in (cpu, ledger.cpu_seconds())]
        seconds = time.monotonic() - began
    cost = Figure("control plane, CPU an image", sum(each), "µs")
    if not short:  # an import of a second, over five thousand images, says nothing
        cost = replace(cost, goal=f"≤ {MICROSECONDS} µs", met=sum(each) <= MICROSECONDS)
    growth = [after / before for after, before in zip(large, small, strict=True)]
    return [
        Figure("state is succeeded", int(view.state == "succeeded"), "", "1", view.state == "succeeded"),
        Figure("settled bits", bits, "", str(count), bits == count),
        Figure("settled while paused", stood_still, "", "0", stood_still == 0),
        Figure("refused before the retry", refused, "", f"{count // REFUSE_EACH}", refused == count // REFUSE_EACH),
        Figure("Redis' memory at its peak", ledger.peak, "B", f"≤ {REDIS_BYTES} B", ledger.peak <= REDIS_BYTES),
        Figure("worker's memory, end ÷ first tenth", growth[0], "×", f"≤ {GROWTH} ×", growth[0] <= GROWTH),
        Figure("API's memory, end ÷ first tenth", growth[1], "×", f"≤ {GROWTH} ×", growth[1] <= GROWTH),
        Figure("worker's CPU an image", each[0], "µs"),
        Figure("Redis' CPU an image", each[1], "µs"),
        cost,
        Figure("duration", seconds, "s"),
    ]


def _warm_up(night: Night, place: Path) -> None:
    """Scripts are compiled and connections open, so that what is measured is the job's."""
    job = night.submit(1000)
    begin(_settings(night, place), job, refuse_each=0).join()
    assert night.book.describe(job).written


def _settings(night: Night, place: Path) -> Settings:
    env = {name.removeprefix("PENTIMENTO_").lower(): value for name, value in night.stack.environment.items()}
    quiet = {"log_level": "error", "cache_dir": str(place / "cache")}
    return Settings.model_validate({**env, "paced_seconds": "0", "lease_seconds": "3", **quiet})


def _until(night: Night, job: str, ledger: Ledger, worker: BaseProcess, settled: int) -> None:
    while night.book.describe(job).settled < settled:
        assert worker.is_alive(), "the worker ended; its traceback is on stderr"
        ledger.sample()
        time.sleep(0.02)


def _pause(night: Night, job: str, ledger: Ledger, worker: BaseProcess, count: int) -> int:
    """Pictures that were settled while the job stood still, after its leases had ended; 0, if all is well."""
    _until(night, job, ledger, worker, count * 3 // 10)
    night.http.post(f"/v1/jobs/{job}/pause").raise_for_status()
    before = night.until(job, lambda view: view.leased == 0, seconds=20).settled
    time.sleep(0.5)
    after = night.book.describe(job).settled
    night.http.post(f"/v1/jobs/{job}/resume").raise_for_status()
    return after - before


def _end(night: Night, job: str, ledger: Ledger, worker: BaseProcess) -> tuple[float, int]:
    """CPU seconds and resident bytes of a worker that brings the job to its end."""
    seconds, size, deadline = 0.0, 0, time.monotonic() + 3600
    while worker.is_alive():
        assert time.monotonic() < deadline
        ledger.sample()
        # Merging a million records goes through a file: what of it is mapped meanwhile is not the worker's.
        terminal = night.book.describe(job).state.terminal
        size = size if terminal else resident_bytes(worker.pid) or size
        seconds = max(seconds, cpu_seconds(worker.pid))
        time.sleep(0.05)
    worker.join()
    assert worker.exitcode == 0, "the worker failed; its traceback is on stderr"
    return seconds, size
