"""Says what a picture shows, by nearest neighbours among painted pictures: it learns nothing from the model's own.

Statistics that a person could check by eye: levels, chroma, edges, borders and steps for the medium; where
the edges are for the scene; the hue of the most saturated region for the colour.
"""

import colorsys
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

from worker.demo_model.grammar import COLOURS, LIGHTS, MEDIA, SCENES, Wish
from worker.demo_model.media import Pixels
from worker.demo_model.painting import paint

Floats = npt.NDArray[np.float32]
JUDGE_SEEDS = 500_000  # between the held-out compositions below and the training's above
_NEIGHBOURS = 5
_SATURATED = 0.04  # the share of the picture that counts as its most saturated region


def medium_statistics(pixels: Pixels) -> Floats:
    """About twenty numbers, none of which knows where anything is; uint8 (128, 128, 3) to (n,).

    Of the picture a little softened, so that no number hangs on an autoencoder's last sharpness.
    """
    picture = np.asarray(Image.fromarray(pixels).filter(ImageFilter.GaussianBlur(1)), np.float32) / 255
    grey, chroma = picture.mean(2), picture.max(2) - picture.min(2)
    across, down = np.abs(np.diff(grey, axis=1)), np.abs(np.diff(grey, axis=0))
    rim = np.concatenate([grey[:6].ravel(), grey[-6:].ravel(), grey[:, :6].ravel(), grey[:, -6:].ravel()])
    from_step = np.abs(picture * 4 - np.round(picture * 4))  # pixel art knows five levels of each colour
    numbers = [
        *picture.mean((0, 1)), *picture.std((0, 1)), chroma.mean(), chroma.std(), np.quantile(chroma, 0.95),
        across.mean(), down.mean(), (across > 0.1).mean(), (grey < 0.15).mean(), (grey > 0.9).mean(),
        rim.mean(), rim.std(), from_step.mean(), np.median(from_step), (chroma > 0.5).mean(),
        picture.reshape(32, 4, 32, 4, 3).std((1, 3)).mean(),
    ]  # fmt: skip
    return np.array(numbers, np.float32)


def layout(pixels: Pixels) -> Floats:
    """Where the edges are, on a raster of 16×16, blurred and without their strength; (256,)."""
    soft = Image.fromarray(pixels).filter(ImageFilter.GaussianBlur(1.5))
    picture = np.asarray(soft, np.float32)
    edges = np.zeros(picture.shape[:2], np.float32)
    edges[:, 1:] = np.abs(np.diff(picture, axis=1)).max(2)
    edges[1:] = np.maximum(edges[1:], np.abs(np.diff(picture, axis=0)).max(2))
    cells = edges.reshape(16, 8, 16, 8).mean((1, 3))
    padded = np.pad(cells, 1, mode="edge")
    around = sum(padded[down : down + 16, right : right + 16] for down in range(3) for right in range(3)) / 9
    centred = (cells + around - (cells + around).mean()).ravel()
    return np.asarray(centred / (np.linalg.norm(centred) + 1e-6), np.float32)


def likeness(one: Pixels, other: Pixels) -> float:
    """How alike two pictures are, -1..1: the correlation of their levels at a quarter of the size."""
    small = [pixels.astype(np.float32).reshape(32, 4, 32, 4, 3).mean((1, 3)).ravel() for pixels in (one, other)]
    return float(np.corrcoef(small[0], small[1])[0, 1])


def colour_word(pixels: Pixels) -> str:
    """The grammar's word for the hue of the most saturated region."""
    soft = np.asarray(Image.fromarray(pixels).filter(ImageFilter.GaussianBlur(1)), np.float32)
    chroma = soft.max(2) - soft.min(2)
    region = soft[chroma >= np.quantile(chroma, 1 - _SATURATED)] / 255
    turns = np.array([colorsys.rgb_to_hsv(*pixel)[0] for pixel in region]) * 2 * np.pi
    hue = float(np.angle(np.exp(1j * turns).mean()) / (2 * np.pi)) % 1

    def away(word: str) -> float:
        red, green, blue = COLOURS[word]
        distance = abs(hue - colorsys.rgb_to_hsv(red / 255, green / 255, blue / 255)[0])
        return min(distance, 1 - distance)

    return min(COLOURS, key=away)


@dataclass(frozen=True, slots=True, eq=False)
class Neighbours:
    """Rows of statistics with the word for each."""

    rows: Floats
    words: tuple[str, ...]
    middle: Floats
    spread: Floats

    @classmethod
    def among(cls, rows: Sequence[Floats], words: Sequence[str], *, scaled: bool) -> "Neighbours":
        """Distances count in deviations where `scaled`."""
        table = np.stack(rows)
        middle = table.mean(0) if scaled else np.zeros_like(table[0])
        spread = table.std(0) + 1e-6 if scaled else np.ones_like(table[0])
        return cls((table - middle) / spread, tuple(words), middle, spread)

    def word(self, row: Floats) -> str:
        """What most of the five nearest rows are called; the nearest among equals."""
        distances = np.square(self.rows - (row - self.middle) / self.spread).sum(1)
        near = [self.words[int(place)] for place in np.argsort(distances, kind="stable")[:_NEIGHBOURS]]
        return max(near, key=near.count)


@dataclass(frozen=True, slots=True, eq=False)
class Judge:
    """What medium, and what scene in a known medium."""

    media: Neighbours
    scenes: dict[str, Neighbours]

    @classmethod
    def taught(cls, each: int = 60) -> "Judge":
        """From paintings: `each` for every medium's statistics and twice as many for every medium's scenes."""
        dice = random.Random(JUDGE_SEEDS)  # noqa: S311 — pictures, not secrets
        media = [(medium_statistics(_painted(dice, medium)), medium) for medium in MEDIA for _ in range(each)]
        scenes = {medium: _scenes(dice, medium, each * 2 // len(SCENES)) for medium in MEDIA}
        return cls(Neighbours.among(*zip(*media, strict=True), scaled=True), scenes)

    def medium(self, pixels: Pixels) -> str:
        """The medium that a picture seems to be in."""
        return self.media.word(medium_statistics(pixels))

    def scene(self, pixels: Pixels, medium: str) -> str:
        """The scene that a picture in that medium seems to show."""
        return self.scenes[medium].word(layout(pixels))


def _scenes(dice: random.Random, medium: str, each: int) -> Neighbours:
    found = [(layout(_painted(dice, medium, scene)), scene) for scene in SCENES for _ in range(each)]
    return Neighbours.among(*zip(*found, strict=True), scaled=False)


def _painted(dice: random.Random, medium: str, scene: str = "") -> Pixels:
    pick: Callable[[Sequence[str]], str] = dice.choice
    wish = Wish(scene or pick(tuple(SCENES)), pick(tuple(COLOURS)), pick(tuple(LIGHTS)), medium)
    return paint(wish, JUDGE_SEEDS + dice.randrange(400_000)).pixels
