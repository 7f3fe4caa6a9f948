"""Paints what a wish says, 200 times a second: the demo model's whole education, and the demo's init images."""

import random
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from worker.demo_model.grammar import COLOURS, Colour, Wish
from worker.demo_model.media import Pixels, in_medium
from worker.demo_model.scenes import PAINTERS
from worker.demo_model.sheet import CARTOON, Sheet

SIDE = 128
_ANY: Colour = (255, 0, 160)  # a subject's colour in a cartoon


@dataclass(frozen=True, slots=True, eq=False)
class Painting:
    """A picture, uint8 (side, side, 3), and where its subject is, bool (side, side)."""

    pixels: Pixels
    subject: npt.NDArray[np.bool_]


def paint(wish: Wish, seed: int, side: int = SIDE) -> Painting:
    """The picture of a wish; `side` is a multiple of 32.

    The seed places and sizes everything: the same scene and seed in other colours, lights and media is the same
    composition, line by line.
    """
    plain, subject = _drawn(wish.scene, COLOURS[wish.colour], wish.light, seed, side)
    return Painting(in_medium(plain, wish.medium, night=wish.light == "night"), subject)


def cartoon(scene: str, seed: int) -> Painting:
    """A composition as such, in no colour, light or medium: what its every painting is made from."""
    return Painting(*_drawn(scene, _ANY, CARTOON, seed, SIDE))


def _drawn(scene: str, colour: Colour, light: str, seed: int, side: int) -> tuple[Pixels, npt.NDArray[np.bool_]]:
    sheet = Sheet(side, light, random.Random(f"{scene} {seed}"))  # noqa: S311 — pictures, not secrets
    PAINTERS[scene](sheet, colour)
    return sheet.finished()
