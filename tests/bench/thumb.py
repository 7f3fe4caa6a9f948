"""What a thumbnail costs each picture, beside the PNG that is encoded anyway."""

import statistics
import time
from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from api.cli.bench import Figure
from worker.output.png import encode_png
from worker.output.thumb import encode_thumb

NAME = "thumb"
SUMMARY = "CPU time and bytes of a picture's thumbnail (256 pixels, WebP), beside its PNG."
RUNS = 15
SIDE = 256
GOAL_MS = 10.0


def run(progress: Callable[[str], None]) -> list[Figure]:
    """RUNS of each size."""
    figures = []
    for side in (512, 1024):
        pixels = _photo(side)
        small = [_cost(partial(encode_thumb, pixels, SIDE)) for _ in range(RUNS)]
        whole = [_cost(partial(encode_png, pixels, text={})) for _ in range(RUNS)]
        spent = 1e3 * statistics.median(small)
        progress(f"{side} × {side}: {spent:.2f} ms")
        share = statistics.median(small) / statistics.median(whole)
        figures += [
            Figure(f"{side} × {side}: a thumbnail", spent, "ms CPU", f"≤ {GOAL_MS:g} ms", spent <= GOAL_MS),
            Figure(f"{side} × {side}: a thumbnail ÷ its PNG", share, "×"),
            Figure(f"{side} × {side}: a thumbnail", len(encode_thumb(pixels, SIDE)) / 1000, "kB"),
        ]
    return figures


def _cost(act: Callable[[], bytes]) -> float:
    begun = time.thread_time()
    act()
    return time.thread_time() - begun


def _photo(side: int) -> NDArray[np.uint8]:
    draw = np.random.default_rng(1)
    whole = np.full((side, side, 3), 128.0)
    for cells in (4, 16, 64):
        low = Image.fromarray(draw.integers(0, 256, (cells, cells, 3), dtype=np.uint8))
        whole += (np.asarray(low.resize((side, side), Image.Resampling.BICUBIC)) - 128.0) / cells**0.5
    return np.clip(whole + draw.normal(0, 2, (side, side, 1)), 0, 255).astype(np.uint8)
