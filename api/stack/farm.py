"""Runs a farm on one machine: starts its processes in order, watches them, and leaves none behind.

Whatever ends the supervisor ends the children: stopping in reverse order where it can, the kernel (see `leash`) where
it was killed outright. A child that ends by itself ends the whole farm, loudly, except a worker, which is started again
a few times; state survives in the data folder.
"""

import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from pathlib import Path
from types import TracebackType
from typing import IO, Self
from urllib.parse import urlsplit

from api.stack.child import Child, ChildFailed, Running
from api.stack.folder import DataFolder
from api.stack.plan import Plan, plan
from jobs.settings import settings

WATCH_SECONDS = 0.1
SHORT_SECONDS = 2.0
"""Whoever waits longer for an end is told why."""
RESTARTS = 5
RESTART_SECONDS = 600.0
"""A child that ends more than RESTARTS times within so long is not started again: something is wrong with it."""


class Processes:
    """Child processes that start in order, stop in reverse order, and fail together."""

    def __init__(self, on_event: Callable[[str], None]) -> None:
        """`on_event` gets one sentence about each start and stop."""
        self._on_event = on_event
        self._running: dict[str, Running] = {}
        self._expected: set[str] = set()
        self._ended_at: dict[str, deque[float]] = {}
        self._over = threading.Event()
        # The kernel ties a child to the thread that started it; this one lives until the last child is gone.
        self._starter = ThreadPoolExecutor(1, thread_name_prefix="starter")

    @property
    def pids(self) -> dict[str, int]:
        """The processes that run, by name, in the order in which they were started."""
        return {name: running.pid for name, running in self._running.items() if running.exit_code is None}

    def start(self, child: Child) -> None:
        """Start it and wait until it is ready.

        Raises:
            ChildFailed: it, or another one meanwhile, ended or never got ready.

        """
        before = time.monotonic()
        running = self._starter.submit(Running, child).result()
        self._running[child.name] = running
        self._expected.discard(child.name)
        running.wait_ready(meanwhile=self.check)
        self._on_event(f"{child.name} is ready ({time.monotonic() - before:.1f} s)")

    def check(self) -> None:
        """Raise ChildFailed where a process has ended that should run."""
        for name, running in self._running.items():
            if running.exit_code is not None and name not in self._expected:
                raise ChildFailed(running.obituary())

    def wait(self) -> None:
        """Return when the farm is stopped from elsewhere; raise ChildFailed when a process ends that should run."""
        while not self._over.wait(WATCH_SECONDS):
            self._revive()
            self.check()

    def _revive(self) -> None:
        """Start again what ended in a way that it may; a crash is left to `check`, and ends the farm."""
        for name, running in list(self._running.items()):
            if running.exit_code not in running.child.restarts_after or name in self._expected:
                continue
            ends = self._ended_at.setdefault(name, deque(maxlen=RESTARTS))
            if len(ends) == RESTARTS and time.monotonic() - ends[0] < RESTART_SECONDS:
                continue
            ends.append(time.monotonic())
            self._on_event(f"{running.obituary().partition(chr(10))[0]} It is started again.")
            self.start(running.child)

    def kill(self, name: str) -> int:
        """SIGKILL, and take its end for expected; the exit code."""
        self._expected.add(name)
        return self._running[name].kill()

    def restart(self, name: str) -> None:
        """Stop it where it still runs, and start it again from the same description."""
        self._expected.add(name)
        self._running[name].stop()
        self.start(self._running[name].child)

    def stop(self) -> None:
        """End them all, the last started first, those of a tier at once; whatever goes wrong, none is left."""
        self._over.set()
        self._expected.update(self._running)
        try:
            for tier in _tiers(reversed(self._running.values())):
                for running in tier:
                    running.ask_to_end()
                for running in tier:
                    if running.child.hurry_seconds is not None and running.lingers(SHORT_SECONDS):
                        self._on_event(f"{running.child.name} finishes what is in flight; Ctrl-C again ends it at once")
                    killed = running.wait_end() == -signal.SIGKILL
                    self._on_event(f"{running.child.name} {'did not end and was killed' if killed else 'has ended'}")
        finally:  # also for who presses ^C again because it takes too long
            for running in self._running.values():
                running.kill()
            self._starter.shutdown(wait=False)


def _tiers(running: Iterable[Running]) -> list[list[Running]]:
    return [list(tier) for _, tier in groupby(running, lambda one: one.child.tier or one.child.name)]


class Stack:
    """A whole farm: Redis, an S3 store, the API and workers, over one data folder.

    Every attribute but `folder` has its value after `start`. Use it as a context manager, or call `stop` yourself.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        workers: int = 1,
        port: int = 0,
        extra_env: Mapping[str, str] | None = None,
        on_event: Callable[[str], None] = lambda _: None,
    ) -> None:
        """`port` is the API's (0: any that is free); `extra_env` reaches all children and wins over our environment."""
        self.folder = DataFolder(data_dir)
        self._workers, self._port, self._extra_env = workers, port, dict(extra_env or {})
        self._lock: IO[str] | None = None
        self._plan = Plan((), {}, "", "")
        self._processes = Processes(on_event)

    @property
    def api_url(self) -> str:
        """Where the API is, without a trailing slash."""
        return self._plan.api_url

    @property
    def grpc_target(self) -> str:
        """Where clients of Stability's protocol are answered over native gRPC, as host:port."""
        return f"{urlsplit(self._plan.api_url).hostname}:{self._plan.environment['PENTIMENTO_GRPC_PORT']}"

    @property
    def s3_endpoint(self) -> str:
        """Where the S3 store is; empty for AWS itself."""
        return self._plan.s3_endpoint

    @property
    def environment(self) -> dict[str, str]:
        """What the children get beside our environment; holds secrets."""
        return dict(self._plan.environment)

    @property
    def processes(self) -> dict[str, int]:
        """Process ids by name: redis, s3, api, worker, worker-2, ..."""
        return self._processes.pids

    def start(self) -> None:
        """Start everything in order, each as soon as the one before is ready. Nothing is left running on failure.

        Raises:
            ChildFailed: the folder is in use, a process ended, or one did not get ready.

        """
        self._lock = self.folder.lock()
        try:
            self._plan = plan(
                self.folder, settings(), workers=self._workers, port=self._port, extra_env=self._extra_env
            )
            for child in self._plan.children:
                self.folder.start_log(child.name)
                self._processes.start(child)
            self.folder.note(self.api_url)
        except BaseException:
            self.stop()
            raise

    def wait(self) -> None:
        """Return when the stack is stopped from another thread; raise ChildFailed when a process ends by itself."""
        self._processes.wait()

    def kill(self, name: str) -> int:
        """Kill -9 one process, as a drill: the others go on. Returns its exit code."""
        return self._processes.kill(name)

    def restart(self, name: str) -> None:
        """Stop one process (where it still runs) and start it again, on the same ports."""
        self._processes.restart(name)

    def stop(self) -> None:
        """Stop everything in reverse order. Again is no error."""
        if self._lock is None:
            return
        try:
            self.folder.forget()
            self._processes.stop()
        finally:
            self._lock.close()
            self._lock = None

    def __enter__(self) -> Self:
        """Start."""
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        self.stop()
