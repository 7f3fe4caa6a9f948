"""The six media: what a plain painting looks like drawn with crayons, printed as a blueprint, lit as neon.

Each is a function of the plain picture alone, without chance and without texture where that is flat: a decoder of
convolutions can't know where it is in a flat place, and would paint the mean of every texture.
"""

from collections.abc import Callable, Mapping
from functools import cache

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

Floats = npt.NDArray[np.float32]
Pixels = npt.NDArray[np.uint8]
_SIDE = 128  # the size that the textures are made for; others scale them
_STEP = 255 / 4  # pixel art knows five levels of each colour
_PAPER = np.array((250, 247, 238), np.float32)


def _floats(levels: object) -> Floats:
    return np.asarray(levels, np.float32)


def _blur(levels: Floats, radius: float) -> Floats:
    clipped = np.clip(levels, 0, 255).astype(np.uint8)
    return np.asarray(Image.fromarray(clipped).filter(ImageFilter.GaussianBlur(radius)), np.float32)


def _lines(plain: Floats, unit: float, *, night: bool) -> Floats:
    """Where two areas meet, 0..1, about two pixels of 128 wide, (side, side, 1)."""
    steps = np.zeros(plain.shape[:2], np.float32)
    across, down = np.abs(np.diff(plain, axis=1)).max(2), np.abs(np.diff(plain, axis=0)).max(2)
    steps[:, 1:], steps[1:] = across, np.maximum(steps[1:], down)
    steps[:, :-1] = np.maximum(steps[:, :-1], across)
    strong = _blur(_floats(np.clip((steps - 5) / (16 if night else 28), 0, 1) * 255), 0.6 * unit)
    return _floats((np.clip(strong * 1.25, 0, 255) / 255)[..., None])


@cache
def _margin(side: int) -> Floats:
    """How far from the nearest border every pixel is, in pixels of a picture of 128."""
    place = _floats(np.arange(side)) * (_SIDE / side)
    near = np.minimum(place, _SIDE - 1 - place)
    return _floats(np.minimum(near[:, None], near[None, :]))


def _vivid(levels: Floats, more: float | Floats) -> Floats:
    grey = levels.mean(2, keepdims=True)
    return _floats(np.clip(grey + (levels - grey) * more, 0, 255))


def _without_specks(plain: Floats, unit: float) -> Floats:
    """No child draws a line around a star or a snowflake."""
    wide = ImageFilter.MedianFilter(2 * round(2 * unit) + 1)
    return np.asarray(Image.fromarray(plain.astype(np.uint8)).filter(wide), np.float32)


def _crayon(plain: Floats, lines: Floats) -> Floats:
    """Thick dark outlines on paper, wax pressed hard where the colour is loud, and a rim of paper between the two.

    All of it is broader than what an autoencoder of 8 pixels a cell loses: it knows of no finer strokes of wax.
    """
    unit = len(plain) / _SIDE
    edge, top = lines[..., 0] * 255, plain.max(2, keepdims=True)
    chroma = top - plain.min(2, keepdims=True)
    wax = plain * np.maximum(1, 165 / np.maximum(top, 70))  # no crayon is as dark as the night
    wax = np.clip(_vivid(wax, 1.35 + 0.5 * chroma / 255) + 8, 0, 255)
    ink = np.clip(_blur(edge, 0.9 * unit)[..., None] / 110, 0, 1)
    rim = np.clip(_blur(edge, 2.4 * unit)[..., None] / 130, 0, 1)
    near = np.clip(_blur(edge, 6 * unit)[..., None] / 60, 0, 1)
    dark = np.clip((150 - plain.mean(2, keepdims=True)) / 110, 0, 1)
    pressed = np.clip((chroma - 60) / 80, 0, 1) * (top > 120)
    rubbed = 0.3 + 0.3 * dark + 0.22 * near
    cover = np.clip(rubbed + (0.95 - rubbed) * pressed, 0, 1) * (1 - rim)
    drawn = _PAPER * (1 - cover) + wax * cover
    return _floats(drawn * (1 - ink) + np.array((58, 36, 46), np.float32) * ink)


def _watercolour(plain: Floats, lines: Floats) -> Floats:
    unit = len(plain) / _SIDE
    soft = _blur(plain, 1.3 * unit) * (1 - 0.3 * _blur(lines[..., 0] * 255, unit)[..., None] / 255)
    washed = soft * 0.64 + _PAPER * 0.36
    inside = np.clip((_margin(len(plain)) - 7) / 3, 0, 1)[..., None]
    return _floats(washed * inside + _PAPER * (1 - inside))


def _blueprint(plain: Floats, lines: Floats) -> Floats:
    paper = np.array((26, 66, 150), np.float32) * (0.94 + 0.12 * plain.mean(2, keepdims=True) / 255)
    return _floats(paper * (1 - lines) + np.array((238, 245, 255), np.float32) * lines)


def _pixels(plain: Floats, _lines_too: Floats) -> Floats:
    side, block = len(plain), max(1, len(plain) * 4 // _SIDE)
    small = Image.fromarray(plain.astype(np.uint8)).resize((side // block,) * 2, Image.Resampling.BOX)
    levels = np.round(_vivid(np.asarray(small, np.float32), 1.7) / _STEP) * _STEP
    return _floats(np.clip(levels, 0, 255).repeat(block, 0).repeat(block, 1))


def _neon(plain: Floats, lines: Floats) -> Floats:
    unit = len(plain) / _SIDE
    chroma = plain - plain.min(2, keepdims=True)
    tone = chroma * (255 / np.maximum(chroma.max(2, keepdims=True), 120)) + plain * 0.2
    wide = Image.fromarray(np.clip(tone, 0, 255).astype(np.uint8)).filter(ImageFilter.MaxFilter(3))
    light = np.asarray(wide, np.float32) * lines
    glow = _blur(light, 3.2 * unit) * 1.3 + _blur(light, 0.7 * unit) * 1.25
    return _floats(np.array((16, 9, 28), np.float32) + chroma * 0.3 + glow)


_MEDIA: Mapping[str, Callable[[Floats, Floats], Floats]] = {
    "crayon drawing": _crayon,
    "watercolour": _watercolour,
    "blueprint": _blueprint,
    "pixel art": _pixels,
    "neon": _neon,
}


def in_medium(picture: Pixels, medium: str, *, night: bool) -> Pixels:
    """A plain picture, uint8 (side, side, 3), in one of the grammar's media."""
    if medium == "plain":
        return picture
    plain, unit = picture.astype(np.float32), len(picture) / _SIDE
    outlined = _without_specks(plain, unit) if medium == "crayon drawing" else plain
    drawn = _MEDIA[medium](plain, _lines(outlined, unit, night=night))
    return np.clip(drawn, 0, 255).astype(np.uint8)
