"""Paints what a wish says, 200 times a second: the demo model's whole education, and the demo's init images."""

import random
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from worker.demo_model.grammar import COLOURS, Colour, Wish
from worker.demo_model.media import Pixels, in_medium
from worker.demo_model.scenes import PAINTERS
from worker.demo_model.sheet import Sheet

SIDE = 128


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
    sheet = Sheet(side, wish.light, random.Random(f"{wish.scene} {seed}"))  # noqa: S311 — pictures, not secrets
    shade = random.Random(f"{wish} {seed}")  # noqa: S311
    red, green, blue = (min(255, max(0, level + shade.randint(-10, 10))) for level in COLOURS[wish.colour])
    colour: Colour = (red, green, blue)
    PAINTERS[wish.scene](sheet, colour)
    if wish.light == "winter":
        sheet.snow(shade)
    plain, subject = sheet.finished()
    return Painting(in_medium(plain, wish.medium, shade, night=wish.light == "night"), subject)
