"""What every server of a farm on one machine has in common: how it starts, is known to be ready, and ends."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from jobs.errors import WorldsFault

LEASH = Path(__file__).with_name("leash.py")
LOG_TAIL_BYTES = 4000
PROBE_PAUSE_SECONDS = 0.02


class ChildFailed(WorldsFault):
    """A server could not be started or has ended; the text names it, its exit code and the end of its log."""

    code = "farm_failed"
    retryable = False


@dataclass(frozen=True, slots=True)
class Child:
    """A child process before it is started.

    `environment` is added to ours. `is_ready` is asked again and again, with the process's id, until it says yes or
    `ready_seconds` have passed. On stop the child gets SIGTERM, a second one after `hurry_seconds` (where that means
    something to it), and SIGKILL after `grace_seconds`. Children of one `tier` are stopped at the same time. A child
    that ends by itself with one of the exit codes `restarts_after` is started again, within bounds; any other end is a
    crash.
    """

    name: str
    argv: tuple[str, ...]
    log_file: Path
    is_ready: Callable[[int], bool]
    tier: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    ready_seconds: float = 20.0
    grace_seconds: float = 10.0
    hurry_seconds: float | None = None
    restarts_after: tuple[int, ...] = ()


class Running:
    """A started child. It has a session of its own, so that ^C does not reach it, and dies with the starting thread."""

    def __init__(self, child: Child) -> None:
        """Start it; `wait_ready` says when it can be used."""
        self.child = child
        child.log_file.parent.mkdir(parents=True, exist_ok=True)
        with child.log_file.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - argv comes from our own Child records
                [sys.executable, "-I", "-S", str(LEASH), str(os.getpid()), *child.argv],
                env={**os.environ, **child.environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """Its process id, which is also its process group."""
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs; minus the signal's number where a signal ended it."""
        return self._process.poll()

    def wait_ready(self, *, meanwhile: Callable[[], None] = lambda: None) -> None:
        """Return once the child answers; `meanwhile` is called between the questions, and may raise.

        Raises:
            ChildFailed: it ended, or did not answer within `ready_seconds`.

        """
        deadline = time.monotonic() + self.child.ready_seconds
        while not self.child.is_ready(self.pid):
            if self.exit_code is not None:
                raise ChildFailed(self.obituary())
            if time.monotonic() > deadline:
                said = f"{self.child.name} did not answer within {self.child.ready_seconds:g} s."
                raise ChildFailed(f"{said}\n{self.log_tail()}")
            meanwhile()
            time.sleep(PROBE_PAUSE_SECONDS)

    def stop(self) -> int:
        """Ask it to end, then make it; the exit code. Stopping what has ended is no error."""
        self.ask_to_end()
        return self.wait_end()

    def ask_to_end(self) -> None:
        """SIGTERM, without waiting."""
        self._signal(signal.SIGTERM)

    def wait_end(self) -> int:
        """Wait for its end, at most `grace_seconds`, then SIGKILL; the exit code."""
        hurry, left = self.child.hurry_seconds, self.child.grace_seconds
        if hurry is not None and self.lingers(hurry):
            self.ask_to_end()
            left -= hurry
        return self.kill() if self.lingers(left) else self._process.wait()

    def lingers(self, seconds: float) -> bool:
        """Whether it still runs after so long."""
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return True
        return False

    def kill(self) -> int:
        """SIGKILL to it and to whatever it started; the exit code."""
        self._signal(signal.SIGKILL)
        return self._process.wait()

    def _signal(self, number: signal.Signals) -> None:
        if self._process.poll() is None:
            with suppress(ProcessLookupError):  # it may end between the two calls
                os.killpg(self.pid, number)

    def log_tail(self) -> str:
        """The end of its log, at most `LOG_TAIL_BYTES`, with the file's name."""
        with self.child.log_file.open("rb") as log:
            log.seek(max(0, self.child.log_file.stat().st_size - LOG_TAIL_BYTES))
            end = log.read().decode(errors="replace").strip()
        return f"The end of {self.child.log_file}:\n{end or '(nothing)'}"

    def obituary(self) -> str:
        """One sentence about how it ended, and the end of its log."""
        code = self.exit_code
        how = f"was killed by {signal.Signals(-code).name}" if code is not None and code < 0 else f"ended with {code}"
        return f"{self.child.name} {how}.\n{self.log_tail()}"
