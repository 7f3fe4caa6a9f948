"""The training pictures, painted once by every core and kept on disk: compositions, each in all six media.

Pictures of one composition in several media, colours and lights are what teaches the model to repaint: it sees the one
under noise and is asked for the other.
"""

import os
import random
import shutil
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from worker.demo_model.grammar import COLOURS, LIGHTS, MEDIA, SCENES, Wish
from worker.demo_model.painting import SIDE, paint

PER_GROUP = len(MEDIA)
_SHARD = 20  # groups; a shard takes a core half a second
MASK_SIDE = 16
TRAINING_SEEDS = 1_000_000  # held-out compositions have smaller seeds


def wishes(group: int) -> list[Wish]:
    """What the pictures of a group show: one scene, every medium, colour and light shared by half of them."""
    dice = random.Random(f"group {group}")  # noqa: S311 — pictures, not secrets
    scene, colour, light = (dice.choice(tuple(table)) for table in (SCENES, COLOURS, LIGHTS))
    return [
        Wish(
            scene,
            colour if dice.random() < 0.5 else dice.choice(tuple(COLOURS)),
            light if dice.random() < 0.5 else dice.choice(tuple(LIGHTS)),
            medium,
        )
        for medium in MEDIA
    ]


@dataclass(frozen=True, slots=True, eq=False)
class Album:
    """`pixels`: uint8 (pictures, 128, 128, 3), memory-mapped; `subjects`: uint8 (pictures, 16, 16), shares of 255."""

    pixels: npt.NDArray[np.uint8]
    subjects: npt.NDArray[np.uint8]


def open_album(folder: Path, groups: int, say: Callable[[str], None]) -> Album:
    """The album of that many groups (a multiple of 20); painted first where it isn't there yet.

    Takes 300 kB of disk a group, and a core paints about 30 groups a second.
    """
    whole, painted = folder / f"album-{groups}", folder / f"album-{groups}.part"
    if not whole.is_dir():
        shutil.rmtree(painted, ignore_errors=True)
        painted.mkdir(parents=True)
        pictures = groups * PER_GROUP
        np.lib.format.open_memmap(painted / "pixels.npy", "w+", np.uint8, (pictures, SIDE, SIDE, 3))
        np.lib.format.open_memmap(painted / "subjects.npy", "w+", np.uint8, (pictures, MASK_SIDE, MASK_SIDE))
        starts = range(0, groups, _SHARD)
        with ProcessPoolExecutor(len(os.sched_getaffinity(0))) as pool:
            for done, _ in enumerate(pool.map(partial(_paint_shard, painted), starts), 1):
                say(f"painted {done * _SHARD * PER_GROUP} of {pictures} pictures")
        painted.rename(whole)
    return Album(np.load(whole / "pixels.npy", mmap_mode="r"), np.load(whole / "subjects.npy"))


def _paint_shard(folder: Path, start: int) -> None:
    pixels = np.load(folder / "pixels.npy", mmap_mode="r+")
    subjects = np.load(folder / "subjects.npy", mmap_mode="r+")
    cell = SIDE // MASK_SIDE
    for group in range(start, start + _SHARD):
        for place, wish in enumerate(wishes(group), group * PER_GROUP):
            painting = paint(wish, TRAINING_SEEDS + group)
            pixels[place] = painting.pixels
            shares = painting.subject.reshape(MASK_SIDE, cell, MASK_SIDE, cell).mean((1, 3))
            subjects[place] = np.round(shares * 255)
