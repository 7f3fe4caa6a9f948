"""The training's pictures, painted once by every core and kept on disk: compositions, as cartoons and twice painted.

The cartoons are what the UNet learns to draw; the paintings are what the autoencoder learns to make of them.
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

from worker.demo_model.grammar import SCENES, Wish, drawn_wish
from worker.demo_model.latents import SHAPES, shapes
from worker.demo_model.painting import SIDE, cartoon, paint

PAINTED = 2  # pictures of a composition
CELLS = 16
_SHARD = 20  # compositions; a shard takes a core half a second
TRAINING_SEEDS = 1_000_000  # held-out compositions have smaller seeds


def scene_of(group: int) -> str:
    """Scenes take turns."""
    return tuple(SCENES)[group % len(SCENES)]


def wishes(group: int) -> list[Wish]:
    """What the paintings of a composition show: one scene, and any colour, light and medium."""
    dice = random.Random(f"group {group}")  # noqa: S311 — pictures, not secrets
    return [drawn_wish(dice, scene_of(group)) for _ in range(PAINTED)]


@dataclass(frozen=True, slots=True, eq=False)
class Album:
    """`groups` compositions.

    pixels: uint8 (groups × PAINTED, 128, 128, 3), memory-mapped; cartoons: float16 (groups, SHAPES, 16, 16), latents;
    subjects: uint8 (groups, 16, 16), the subject's share of each cell in 255ths.
    """

    pixels: npt.NDArray[np.uint8]
    cartoons: npt.NDArray[np.float16]
    subjects: npt.NDArray[np.uint8]


def open_album(folder: Path, groups: int, say: Callable[[str], None]) -> Album:
    """The album of that many compositions (a multiple of 20); painted first where it isn't there yet.

    Takes 100 kB of disk a composition, and a core paints about 50 of them a second.
    """
    whole, painted = folder / f"album-{groups}", folder / f"album-{groups}.part"
    if not whole.is_dir():
        shutil.rmtree(painted, ignore_errors=True)
        painted.mkdir(parents=True)
        create = partial(np.lib.format.open_memmap, mode="w+")
        create(painted / "pixels.npy", dtype=np.uint8, shape=(groups * PAINTED, SIDE, SIDE, 3))
        create(painted / "cartoons.npy", dtype=np.float16, shape=(groups, SHAPES, CELLS, CELLS))
        create(painted / "subjects.npy", dtype=np.uint8, shape=(groups, CELLS, CELLS))
        starts = range(0, groups, _SHARD)
        with ProcessPoolExecutor(len(os.sched_getaffinity(0))) as pool:
            for done, _ in enumerate(pool.map(partial(_paint_shard, painted), starts), 1):
                if done % 25 == 0:
                    say(f"painted {done * _SHARD} of {groups} compositions")
        painted.rename(whole)
    pixels, cartoons, subjects = (whole / f"{name}.npy" for name in ("pixels", "cartoons", "subjects"))
    return Album(np.load(pixels, mmap_mode="r"), np.load(cartoons), np.load(subjects))


def _paint_shard(folder: Path, start: int) -> None:
    pixels, cartoons, subjects = (
        np.load(folder / f"{name}.npy", mmap_mode="r+") for name in ("pixels", "cartoons", "subjects")
    )
    cell = SIDE // CELLS
    for group in range(start, start + _SHARD):
        drawn = cartoon(scene_of(group), TRAINING_SEEDS + group)
        cartoons[group] = shapes(drawn.pixels)
        subjects[group] = np.round(drawn.subject.reshape(CELLS, cell, CELLS, cell).mean((1, 3)) * 255)
        for place, wish in enumerate(wishes(group), group * PAINTED):
            pixels[place] = paint(wish, TRAINING_SEEDS + group).pixels
