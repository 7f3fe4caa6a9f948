"""The sheet that scenes are drawn on: fractions of its side, drawn twice too large, in the colours of a light."""

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from worker.demo_model.grammar import Colour

Point = tuple[float, float]
_OVERSIZE = 2
CARTOON = "cartoon"  # stands where a light would


@dataclass(frozen=True, slots=True)
class Palette:
    """The colours of a light; `dim` is the share of an object's own colour that is left."""

    high: Colour
    low: Colour
    ground: Colour
    leaf: Colour
    far: Colour
    water: Colour
    sun: Colour
    window: Colour
    dim: float


# Weak colours throughout (a chroma of at most 105 of 255): the strong one belongs to the subject.
PALETTES: Mapping[str, Palette] = {
    "day": Palette(
        (122, 180, 226), (212, 234, 246), (150, 192, 120), (70, 124, 78), (150, 184, 168), (108, 160, 196),
        (255, 238, 160), (200, 226, 240), 1.0,
    ),
    "night": Palette(
        (14, 18, 46), (52, 58, 106), (40, 58, 62), (24, 42, 46), (46, 52, 84), (26, 40, 76),
        (240, 238, 214), (255, 232, 156), 0.5,
    ),
    "sunset": Palette(
        (134, 94, 128), (252, 206, 160), (158, 122, 86), (104, 76, 66), (164, 120, 122), (140, 108, 128),
        (255, 226, 166), (255, 236, 176), 0.85,
    ),
    "winter": Palette(
        (176, 194, 212), (228, 236, 242), (242, 246, 250), (120, 152, 150), (202, 214, 226), (150, 180, 200),
        (255, 248, 222), (236, 226, 180), 0.95,
    ),
    # No light at all: colours that tell the parts of a cartoon from each other.
    CARTOON: Palette(
        (70, 110, 235), (175, 205, 255), (120, 200, 70), (10, 90, 40), (200, 190, 110), (20, 150, 170),
        (255, 235, 60), (120, 255, 230), 1.0,
    ),
}  # fmt: skip


def mix(one: Colour, other: Colour, share: float) -> Colour:
    """`one` with a `share` (0..1) of `other` in it."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return (red, green, blue)


class Sheet:
    """Where a scene is drawn. (0, 0) is the top left, (1, 1) the bottom right.

    `dice` decides shapes and places alone: the same dice give the same composition in any colour and light.
    """

    def __init__(self, size: int, light: str, dice: random.Random) -> None:
        self.dice = dice
        self.light = light
        self.palette = PALETTES[light]
        self.night = light == "night"
        self._size = size
        self._side = size * _OVERSIZE
        self._before: Image.Image | None = None
        share = np.linspace(0, 1, self._side)[:, None, None] ** 0.8
        sky = np.array(self.palette.high) * (1 - share) + np.array(self.palette.low) * share
        self._image = Image.fromarray(np.repeat(sky.astype(np.uint8), self._side, axis=1))
        self._pen = ImageDraw.Draw(self._image)

    def within(self, low: float, high: float) -> float:
        """A number between the two."""
        return self.dice.uniform(low, high)

    def lit(self, colour: Colour) -> Colour:
        """An object's colour in this light."""
        dim = self.palette.dim
        return (round(colour[0] * dim), round(colour[1] * dim), round(colour[2] * min(1.0, dim * 1.1)))

    def vivid(self, colour: Colour) -> Colour:
        """The subject's colour in this light: it keeps most of itself by night."""
        keep = 0.5 + 0.5 * self.palette.dim
        return (round(colour[0] * keep), round(colour[1] * keep), round(colour[2] * keep))

    def polygon(self, points: Sequence[Point], colour: Colour) -> None:
        """Fill a polygon."""
        side = self._side
        self._pen.polygon([(x * side, y * side) for x, y in points], fill=colour)

    def ellipse(self, x: float, y: float, across: float, down: float, colour: Colour) -> None:
        """Fill an ellipse around (x, y) with half axes `across` and `down`."""
        side = self._side
        self._pen.ellipse(((x - across) * side, (y - down) * side, (x + across) * side, (y + down) * side), fill=colour)

    def box(self, left: float, top: float, right: float, bottom: float, colour: Colour) -> None:
        """Fill a rectangle."""
        side = self._side
        self._pen.rectangle((left * side, top * side, right * side, bottom * side), fill=colour)

    def land(self, height: float, colour: Colour, swing: float = 0.015) -> None:
        """Everything below a soft line across the sheet."""
        waves, shift = self.within(0.7, 1.6), self.within(0, math.tau)
        edge = [(k / 24, height + swing * math.sin(waves * k / 24 * math.tau + shift)) for k in range(25)]
        self.polygon([*edge, (1, 1), (0, 1)], colour)

    def subject(self) -> None:
        """From here on the picture's subject is drawn."""
        self._before = self._image.copy()

    def finished(self) -> tuple[np.ndarray, np.ndarray]:
        """The picture, uint8 (size, size, 3), and where its subject is, bool (size, size)."""
        picture = np.asarray(self._image.reduce(_OVERSIZE))
        before = picture if self._before is None else np.asarray(self._before.reduce(_OVERSIZE))
        return picture, np.abs(picture.astype(np.int16) - before).max(2) > 6
