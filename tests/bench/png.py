"""Encoding beside Pillow's default: a device that waits for a PNG is a device that does nothing."""

import io
import statistics
import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from api.cli.bench import Figure
from worker.output.png import encode_png

NAME = "png"
SUMMARY = "CPU time and bytes of a 512 × 512 PNG ÷ Pillow's default: photo-like, flat art, gradient."
RUNS = 9
SIDE = 512
GOAL_SPEED = 25
GOAL_BYTES = {"photo-like": 1.2, "flat art": 1.6, "gradient": 1.6}


def run(progress: Callable[[str], None]) -> list[Figure]:
    """RUNS of each in turn."""
    figures = []
    for name, paint in (("photo-like", _photo), ("flat art", _flat), ("gradient", _gradient)):
        pixels = paint()
        ratios, ours = [], []
        for _ in range(RUNS):
            quick, slow = _cost(_ours, pixels), _cost(_pillow, pixels)
            ratios.append(slow / quick)
            ours.append(quick * 1e3)
        speed, size = statistics.median(ratios), len(_ours(pixels)) / len(_pillow(pixels))
        goal = (f"≥ {GOAL_SPEED}", speed >= GOAL_SPEED) if name == "photo-like" else ("", None)
        progress(f"{name}: {statistics.median(ours):.2f} ms")
        figures += [
            Figure(f"{name}: Pillow's time ÷ ours", speed, "×", *goal),
            Figure(f"{name}: our bytes ÷ Pillow's", size, "×", f"≤ {GOAL_BYTES[name]}", size <= GOAL_BYTES[name]),
            Figure(f"{name}: ours", statistics.median(ours), "ms CPU"),
        ]
    return figures


def _cost(act: Callable[[NDArray[np.uint8]], bytes], pixels: NDArray[np.uint8]) -> float:
    begun = time.thread_time()
    act(pixels)
    return time.thread_time() - begun


def _ours(pixels: NDArray[np.uint8]) -> bytes:
    return encode_png(pixels, text={})


def _pillow(pixels: NDArray[np.uint8]) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def _photo() -> NDArray[np.uint8]:
    draw = np.random.default_rng(1)
    whole = np.full((SIDE, SIDE, 3), 128.0)
    for side in (4, 8, 16, 32, 64, 128):
        low = Image.fromarray(draw.integers(0, 256, (side, side, 3), dtype=np.uint8))
        whole += (np.asarray(low.resize((SIDE, SIDE), Image.Resampling.BICUBIC)) - 128.0) / side**0.5
    return np.clip(whole + draw.normal(0, 2, (SIDE, SIDE, 1)), 0, 255).astype(np.uint8)


def _flat() -> NDArray[np.uint8]:
    draw = np.random.default_rng(2)
    whole = np.full((SIDE, SIDE, 3), 240, np.uint8)
    for _ in range(40):
        x, y, width, height = draw.integers(8, SIDE // 2, 4)
        whole[y : y + height, x : x + width] = draw.integers(0, 256, 3)
    return whole


def _gradient() -> NDArray[np.uint8]:
    y, x = np.mgrid[:SIDE, :SIDE] / SIDE
    return (np.stack([x, y, (x + y) / 2], axis=-1) * 255).astype(np.uint8)
