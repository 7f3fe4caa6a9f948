"""What it costs to decode strangers' pictures in a process of their own, beside decoding them here."""

import io
import statistics
import time
from collections.abc import Callable
from functools import partial

import numpy as np
from PIL import Image

from api.cli.bench import Figure
from worker.booth.decode import Picture, decode
from worker.booth.pool import Booths

NAME = "booth"
SUMMARY = "A picture of a megapixel decoded in a process of its own ÷ in this one, PNG and JPEG, by turns."
RUNS = 25
SIDE = 1024
GOAL = 1.3
_MOST = 50_000_000


def run(progress: Callable[[str], None]) -> list[Figure]:
    """RUNS pairs of each format; what is told of a pair is its ratio, so that a busy machine strikes both."""
    booths, figures = Booths(), list[Figure]()
    try:
        for kind in ("PNG", "JPEG"):
            data = _photo(kind)
            elsewhere, here = partial(booths.decode, data), partial(decode, data)
            _seconds(elsewhere), _seconds(here)  # the first starts a process
            pairs = [(_seconds(elsewhere), _seconds(here)) for _ in range(RUNS)]
            ratio = statistics.median(far / near for far, near in pairs)
            far, near = (1e3 * statistics.median(column) for column in zip(*pairs, strict=True))
            progress(f"{kind} of {len(data) >> 10} KiB: {far:.1f} ms there, {near:.1f} ms here")
            figures += [
                Figure(f"{kind}: in the booth ÷ in this process", ratio, "×", f"≤ {GOAL:g}", ratio <= GOAL),
                Figure(f"{kind}: in the booth", far, "ms"),
                Figure(f"{kind}: in this process", near, "ms"),
            ]
    finally:
        booths.rest()
    return figures


def _seconds(act: Callable[..., Picture]) -> float:
    begun = time.perf_counter()
    act(max_pixels=_MOST)
    return time.perf_counter() - begun


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
