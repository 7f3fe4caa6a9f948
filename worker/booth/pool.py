"""A few warm processes that decode pictures: each decode has one to itself, and one that dies is replaced.

The processor's time is bounded in the child, so that a busy machine is no picture's fault; the clock on the wall bounds
only what uses no processor. A child that dies of a picture is tried once more with a fresh one (it may have been the
machine's memory, not the picture's); the second death is the picture's fault.
"""

import json
import subprocess
import sys
import threading
import weakref
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np

from jobs.errors import BadImage
from worker.booth.decode import Picture, check_claim
from worker.booth.inside import ANSWER, CPU_SECONDS, FORMATS, REFUSED, REQUEST

PROCESSES = 4
WALL_SECONDS = 120.0
PIPE_BYTES = 1 << 20
"""The most that Linux gives without asking: a tenth of the switches between two processes."""
MAX_SENTENCE_BYTES = 64 << 10
_ROOT = Path(__file__).parents[2]
_COMMAND = f"import sys; sys.path.insert(0, {str(_ROOT)!r}); from worker.booth.inside import main; main()"
# No variable of ours: whoever takes a decoder over finds no secrets. One thread: it only copies. And up to 64 MiB of
# memory that one picture is done with is kept for the next: glibc would give it back to the system each time, whose new
# pages cost 5 ms of CPU a megapixel, twice what a JPEG's decoding does.
_ENVIRONMENT = {
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MALLOC_MMAP_THRESHOLD_": str(32 << 20),
    "MALLOC_TRIM_THRESHOLD_": str(64 << 20),
}

Process = subprocess.Popen[bytes]


class _Died(Exception):
    """The child is gone, and with it the answer."""


class Booths:
    """The processes; thread-safe. They start when they are needed, and end with this object, or when told to `rest`."""

    def __init__(self, *, most: int = PROCESSES, wall_seconds: float = WALL_SECONDS) -> None:
        self._places = threading.BoundedSemaphore(most)
        self._wall_seconds = wall_seconds
        self._lock = threading.Lock()
        self._idle: list[Process] = []
        weakref.finalize(self, _end, self._idle)

    def decode(self, data: bytes, *, max_pixels: int) -> Picture:
        """Decode a PNG, JPEG or WebP of at most `max_pixels`, elsewhere.

        Raises:
            BadImage: anything else, or a picture that no decoder survives; the message says what is wrong.

        """
        check_claim(data, max_pixels)
        with self._places:
            try:
                return self._try(data, max_pixels, fresh=False)
            except _Died:
                pass
            try:
                return self._try(data, max_pixels, fresh=True)
            except _Died as died:
                said = f"the picture brings its decoder down within {CPU_SECONDS} seconds ({died})"
                raise BadImage(said, remedy="Save the picture again, with another program.") from died

    def rest(self) -> None:
        """End the processes that have nothing to do; the next picture starts one."""
        with self._lock:
            idle, self._idle[:] = list(self._idle), ()
        _end(idle)

    @property
    def pids(self) -> Sequence[int]:
        """Of the processes that have nothing to do."""
        with self._lock:
            return [process.pid for process in self._idle]

    def _try(self, data: bytes, max_pixels: int, *, fresh: bool) -> Picture:
        with self._lock:
            process = self._idle.pop() if self._idle and not fresh else None
        process = process or _started()
        late = threading.Timer(self._wall_seconds, process.kill)
        late.daemon = True
        late.start()
        try:
            answer = _ask(process, data, max_pixels)
        except BadImage:
            self._back(process)
            raise
        except BaseException:
            _end([process])
            raise
        finally:
            late.cancel()
        self._back(process)
        return answer

    def _back(self, process: Process) -> None:
        with self._lock:
            self._idle.append(process)


@cache
def booths() -> Booths:
    """This process' own."""
    return Booths()


def _started() -> Process:
    return subprocess.Popen(  # noqa: S603 - our own interpreter, our own words
        [sys.executable, "-I", "-c", _COMMAND],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        pipesize=PIPE_BYTES,
        env=_ENVIRONMENT,
        cwd="/",
    )


def _ask(process: Process, data: bytes, max_pixels: int) -> Picture:
    to, back = cast("BinaryIO", process.stdin), cast("BinaryIO", process.stdout)
    try:
        to.write(REQUEST.pack(len(data), max_pixels))
        to.write(data)
        to.flush()
    except OSError as error:
        raise _Died(_how(process)) from error
    kind, width, height, length = ANSWER.unpack(_read(process, back, bytearray(ANSWER.size)))
    if kind == REFUSED:
        body = bytes(_read(process, back, bytearray(min(length, MAX_SENTENCE_BYTES))))
        message, remedy = json.loads(body)
        raise BadImage(str(message), remedy=str(remedy))
    if width * height > max_pixels or length != 3 * width * height or kind >> 4 >= len(FORMATS):
        raise _Died("it answered with nonsense")
    pixels = np.empty((height, width, 3), np.uint8)
    _read(process, back, pixels.data.cast("B"))
    return Picture(pixels, FORMATS[kind >> 4])


def _read(process: Process, source: BinaryIO, into: bytearray | memoryview) -> bytearray | memoryview:
    if source.readinto(into) != len(into):  # type: ignore[attr-defined] # of BufferedReader, which reads on until EOF
        raise _Died(_how(process))
    return into


def _how(process: Process) -> str:
    return f"exit {process.wait()}"


def _end(processes: Sequence[Process]) -> None:
    for process in processes:
        process.kill()
        for pipe in (process.stdin, process.stdout):
            try:
                cast("BinaryIO", pipe).close()
            except BrokenPipeError:
                continue
        process.wait()
