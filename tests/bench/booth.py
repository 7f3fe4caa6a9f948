"""What it costs to decode strangers' pictures in a process of their own, beside decoding them here."""

import io
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from api.cli.bench import Figure
from worker.booth.decode import decode
from worker.booth.pool import Booths

NAME = "booth"
SUMMARY = "CPU time of decoding a picture of a megapixel in a process of its own ÷ in this one, PNG and JPEG, by turns."
RUNS = 25
SIDE = 1024
GOAL = 1.3
_MOST = 50_000_000


def run(progress: Callable[[str], None]) -> list[Figure]:
    """RUNS pairs of each format, by the CPU time of both processes: what a switch takes is the busy machine's."""
    booths, figures = Booths(), list[Figure]()
    try:
        for kind in ("PNG", "JPEG"):
            data = _photo(kind)
            booths.decode(data, max_pixels=_MOST), decode(data, max_pixels=_MOST)  # the first starts a process
            pairs = [(_elsewhere(booths, data), _here(data)) for _ in range(RUNS)]
            ratio = statistics.median(far / near for far, near in pairs)
            far, near = (1e3 * statistics.median(column) for column in zip(*pairs, strict=True))
            progress(f"{kind} of {len(data) >> 10} KiB: {far:.1f} ms of CPU there, {near:.1f} here")
            figures += [
                Figure(f"{kind}: in the booth ÷ in this process", ratio, "×", f"≤ {GOAL:g}", ratio <= GOAL),
                Figure(f"{kind}: more than in this process", far - near, "ms CPU"),
                Figure(f"{kind}: in this process", near, "ms CPU"),
            ]
    finally:
        booths.rest()
    return figures


def _here(data: bytes) -> float:
    begun = time.thread_time()
    decode(data, max_pixels=_MOST)
    return time.thread_time() - begun


def _elsewhere(booths: Booths, data: bytes) -> float:
    """Seconds of this process and of the child, which is the one that waits."""
    (pid,) = booths.pids
    begun = time.thread_time() + _seconds_of(pid)
    booths.decode(data, max_pixels=_MOST)
    return time.thread_time() + _seconds_of(pid) - begun


def _seconds_of(pid: int) -> float:
    return int(Path(f"/proc/{pid}/schedstat").read_text(encoding="ascii").split()[0]) / 1e9


def _photo(kind: str) -> bytes:
    """A picture that compresses as photographs do: shapes of all sizes, and some grain."""
    draw = np.random.default_rng(1)
    whole = np.full((SIDE, SIDE, 3), 128.0)
    for cells in (4, 16, 64, 256):
        low = Image.fromarray(draw.integers(0, 256, (cells, cells, 3), dtype=np.uint8))
        whole += (np.asarray(low.resize((SIDE, SIDE), Image.Resampling.BICUBIC)) - 128.0) / cells**0.5
    grain = np.clip(whole + draw.normal(0, 2, (SIDE, SIDE, 1)), 0, 255).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(grain).save(file, kind)
    return file.getvalue()
