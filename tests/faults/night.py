"""A farm on a bad night: real processes on a paced backend, a job, somebody who restarts what dies, and the tally."""

import io
import os
import random
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx
import redis
from PIL import Image

from api.stack import ChildFailed, Stack
from jobs.errors import LedgerUnavailable
from jobs.ledger.book import Book
from jobs.ledger.feed import Feed
from jobs.ledger.views import JobView
from tests.faults.tally import Tally, Watch, count

LEASE_SECONDS = 5
CONCURRENCY = 4
ROWS_IN_FLIGHT = (CONCURRENCY - 1) * 21
"""Rows that one worker may have begun: for each lease, 16 between the pull and the hand-out, and 5 being prepared."""
QUICK = {
    "PENTIMENTO_BACKEND": "paced",
    "PENTIMENTO_PACED_SECONDS": "0.1",
    "PENTIMENTO_LEASE_SECONDS": str(LEASE_SECONDS),
    "PENTIMENTO_TICK_SECONDS": "0.5",
    "PENTIMENTO_CHUNK_SECONDS": "5",
    "PENTIMENTO_CONCURRENCY": str(CONCURRENCY),
    "PENTIMENTO_RETRY_BASE_SECONDS": "0.5",
    "PENTIMENTO_THREADS": "1",
}
"""Leases of seconds, so that faults are noticed within a drill."""


class Night:
    """Use as a context manager: starts the farm, and leaves no process behind.

    redis_url: the ledger as the drill sees it, where the farm sees it through a proxy. objects: where pictures lie as
    files, where the store is not the farm's own.
    """

    def __init__(
        self,
        folder: Path,
        *,
        workers: int,
        redis_url: str = "",
        objects: Path | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.stack = Stack(folder / "farm", workers=workers, extra_env={**QUICK, **(environment or {})})
        self._redis_url = redis_url
        self._objects = objects
        self._parts = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as parts:
            parts.enter_context(self.stack)
            url = self._redis_url or self.stack.environment["PENTIMENTO_REDIS_URL"]
            self.redis: Any = parts.enter_context(redis.Redis.from_url(url, decode_responses=True, socket_timeout=5))
            self.book, self.feed = Book(self.redis), Feed(self.redis)
            self.http = parts.enter_context(httpx.Client(base_url=self.stack.api_url, timeout=30, trust_env=False))
            self._parts = parts.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._parts.close()

    @property
    def workers(self) -> list[str]:
        """Names of the workers that run."""
        return [name for name in self.stack.processes if name.startswith("worker")]

    def submit(self, count: int, **spec: object) -> str:
        """Submit a job of `count` pictures of one init image (above 1000: full hundreds); returns its id."""
        answer = self.http.post("/v1/uploads", content=picture())
        image = answer.raise_for_status().json()["uri"]
        body = {
            "images": [image],
            "model": "tiny",
            "prompt": "a boat",
            "steps": 4,
            "samples": count if count <= 1000 else 100,
            "strength": 0.6 if count <= 1000 else {"linspace": [0.2, 0.9, count // 100]},
            "output": {"sheet": False},
        }
        return str(self.http.post("/v1/jobs", json=body | spec).raise_for_status().json()["id"])

    def watch(self, job: str) -> Watch:
        """Somebody who reads the job's events as they come; a context manager."""
        return Watch(job, self.feed)

    def until(self, job: str, holds: Callable[[JobView], bool], *, seconds: float) -> JobView:
        """The job as soon as something holds of it; Redis may be away meanwhile.

        Raises:
            AssertionError: it did not come to that in time; the text holds the ends of the workers' logs.

        """
        deadline = time.monotonic() + seconds
        view: JobView | None = None
        while time.monotonic() < deadline:
            with suppress(LedgerUnavailable):
                view = self.book.describe(job)
                if holds(view):
                    return view
            time.sleep(0.05)
        logs = "\n".join(f"{path.name}: {path.read_text()[-1500:]}" for path in self._logs())
        raise AssertionError(f"it never came to that within {seconds:g} s: {view}\n{logs}")

    def finished(self, job: str, *, seconds: float) -> JobView:
        """The job when its results are written."""
        return self.until(job, lambda view: view.written, seconds=seconds)

    def tally(self, job: str, watch: Watch) -> Tally:
        """What became of the job; hashes every object."""
        objects = self._objects or Path(self.stack.folder.objects)
        folder = objects / self.book.describe(job).results_uri.removeprefix("s3://")
        return count(self.book, job, folder, watch)

    def said(self, text: str) -> int:
        """How often the workers' logs say it."""
        return sum(path.read_text().count(text) for path in self._logs())

    def freeze(self, name: str, seconds: float) -> None:
        """SIGSTOP one process for a while; one that died meanwhile stays dead."""
        pid = self.stack.processes[name]
        os.kill(pid, signal.SIGSTOP)
        try:
            time.sleep(seconds)
        finally:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)

    def _logs(self) -> list[Path]:
        return sorted(Path(self.stack.folder.path).glob("logs/worker*.log"))


class Keeper:
    """Restarts workers that died, each in its own thread, as an orchestrator does. A context manager."""

    def __init__(self, night: Night) -> None:
        self._stack = night.stack
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._keep, args=(name,), daemon=True) for name in night.workers]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join(60)

    def _keep(self, name: str) -> None:
        while not self._over.wait(0.1):
            if name not in self._stack.processes:
                with suppress(ChildFailed):  # killed again before it was ready
                    self._stack.restart(name)


def kill_someone(night: Night, draw: random.Random) -> bool:
    """SIGKILL a worker that runs, by chance; False where none does."""
    alive = night.workers
    if not alive:
        return False
    night.stack.kill(draw.choice(alive))
    return True


@contextmanager
def folder() -> Iterator[Path]:
    """A temporary folder for one drill."""
    with tempfile.TemporaryDirectory(prefix="pentimento-drill-") as name:
        yield Path(name)


def picture(hue: int = 30, *, size: int = 64) -> bytes:
    """A small PNG with a shape in it, another one for each hue (0..255)."""
    image = Image.radial_gradient("L").resize((size, size)).point(lambda value: (value + hue) % 256)
    file = io.BytesIO()
    Image.merge("RGB", (image, image.rotate(90), image.transpose(Image.Transpose.FLIP_LEFT_RIGHT))).save(file, "PNG")
    return file.getvalue()
