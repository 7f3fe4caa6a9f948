"""A square sheet with (0, 0) at the top left and (1, 1) at the bottom right, drawn large and scaled down once."""

import math
import random
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

Colour = tuple[int, int, int]
Point = tuple[float, float]


def mix(one: Colour, other: Colour, share: float) -> Colour:
    """`one` with a `share` (0..1) of `other` in it."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return (red, green, blue)


def ridge(dice: random.Random, height: float, amplitude: float, waves: float = 2.0) -> list[Point]:
    """A soft line across the sheet, as points from left to right."""
    parts = [(amplitude / k, waves * k, dice.uniform(0, math.tau)) for k in (1, 2, 3)]
    places = [step / 96 for step in range(-1, 98)]
    return [(x, height + sum(a * math.sin(f * x * math.tau / 2 + p) for a, f, p in parts)) for x in places]


class Canvas:
    """Shapes take fractions of the sheet's side; `alpha` is 0..255."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._side = size * (3 if size <= 768 else 2 if size <= 1536 else 1)
        self.image = Image.new("RGB", (self._side, self._side))

    def finished(self) -> Image.Image:
        """The picture at its size."""
        return self.image.resize((self._size, self._size), Image.Resampling.LANCZOS)

    def sky(self, stops: Sequence[tuple[float, Colour]]) -> None:
        """Fill the sheet from top to bottom: (height, colour) pairs, first height 0, last 1."""
        self.image.paste(self._graded(stops))

    def polygon(self, points: Sequence[Point], colour: Colour, alpha: int = 255) -> None:
        """Fill a polygon."""
        self._pen().polygon([self._at(point) for point in points], fill=(*colour, alpha))

    def ellipse(self, x: float, y: float, across: float, down: float, colour: Colour, alpha: int = 255) -> None:
        """Fill an ellipse around (x, y) with half axes `across` and `down`."""
        box = (*self._at((x - across, y - down)), *self._at((x + across, y + down)))
        self._pen().ellipse(box, fill=(*colour, alpha))

    def box(self, left: float, top: float, right: float, bottom: float, colour: Colour, alpha: int = 255) -> None:
        """Fill a rectangle."""
        self.polygon([(left, top), (right, top), (right, bottom), (left, bottom)], colour, alpha)

    def line(self, points: Sequence[Point], width: float, colour: Colour, alpha: int = 255) -> None:
        """Draw a line with round joints."""
        thick = max(1, round(width * self._side))
        self._pen().line([self._at(point) for point in points], fill=(*colour, alpha), width=thick, joint="curve")

    def below(self, edge: Sequence[Point], colour: Colour, *, shade: Colour | None = None) -> None:
        """Fill everything below a ridge; with `shade`, fading towards it at the bottom of the sheet."""
        area = [self._at(point) for point in (*edge, (1.02, 1.02), (-0.02, 1.02))]
        if shade is None:
            self._pen().polygon(area, fill=(*colour, 255))
            return
        mask = Image.new("L", self.image.size)
        ImageDraw.Draw(mask).polygon(area, fill=255)
        top = max(0.0, min(y for _, y in edge))
        self.image.paste(self._graded([(0, colour), (min(top, 0.99), colour), (1, shade)]), mask=mask)

    def glow(self, x: float, y: float, radius: float, colour: Colour, strength: float = 1.0) -> None:
        """Add light around a point, falling off to nothing at `radius`."""
        left, top = max(0, int((x - radius) * self._side)), max(0, int((y - radius) * self._side))
        right = min(self._side, int((x + radius) * self._side) + 1)
        bottom = min(self._side, int((y + radius) * self._side) + 1)
        if left >= right or top >= bottom:
            return
        across, down = np.meshgrid(np.arange(left, right), np.arange(top, bottom))
        distance = np.hypot(across / self._side - x, down / self._side - y) / radius
        light = (np.clip(1 - distance, 0, 1) ** 2 * strength)[..., None]
        under = np.asarray(self.image.crop((left, top, right, bottom)), dtype=np.float32)
        lit = under + (255 - under) * light * (np.array(colour, dtype=np.float32) / 255)
        self.image.paste(Image.fromarray(lit.clip(0, 255).astype(np.uint8)), (left, top))

    def mirror(self, shore: float, tint: Colour, share: float) -> None:
        """Turn everything below `shore` into still water: what is above it, upside down and tinted."""
        line = round(shore * self._side)
        depth = self._side - line
        above = self.image.crop((0, max(0, line - depth), self._side, line)).transpose(Image.Transpose.FLIP_TOP_BOTTOM)
        above = above.resize((self._side, depth)).filter(ImageFilter.GaussianBlur(0.003 * self._side))
        self.image.paste(Image.blend(above, Image.new("RGB", above.size, tint), share), (0, line))

    def _graded(self, stops: Sequence[tuple[float, Colour]]) -> Image.Image:
        heights, at = np.linspace(0, 1, self._side), [height for height, _ in stops]
        channels = [np.interp(heights, at, [colour[k] for _, colour in stops]) for k in range(3)]
        column = np.stack(channels, axis=1).round().astype(np.uint8)[:, None]
        return Image.fromarray(np.repeat(column, self._side, axis=1))

    def _pen(self) -> ImageDraw.ImageDraw:
        return ImageDraw.Draw(self.image, "RGBA")

    def _at(self, point: Point) -> Point:
        return (point[0] * self._side, point[1] * self._side)
