"""What the latents say, fixed before anything is trained: where things are, and in which medium, light and colour.

An autoencoder that finds its own latents takes hours to find good ones, and until then the UNet has nothing to learn.
Here they are written down: a cell of 8×8 pixels holds the mean, the slopes and the twist of a cartoon's three colours,
then eleven numbers which are the same all over the picture. So a UNet obeys "a blueprint" by writing the same six
numbers everywhere, and drawing lines of white on blue is the decoder's trade, which it learns from pairs.
"""

from collections.abc import Sequence
from functools import cache

import numpy as np
import numpy.typing as npt

from worker.demo_model.grammar import COLOURS, LIGHTS, MEDIA, Wish

Floats = npt.NDArray[np.float32]
_CELL = 8
# Means and deviations of cartoons of all scenes; twists matter least.
_MIDDLE = np.array([0.04, 0.12, 0.5], np.float32)
_GAINS = (2.3, 5.0, 5.0, 8.0)
SHAPES = 3 * len(_GAINS)
_LIGHT_CODES = {"day": (-1, -1), "winter": (1, -1), "night": (-1, 1), "sunset": (1, 1)}
WORDS = len(MEDIA) + 2 + 3
LATENTS = SHAPES + WORDS


def shapes(cartoon: npt.NDArray[np.uint8]) -> Floats:
    """Where things are in a cartoon, uint8 (128, 128, 3): (SHAPES, 16, 16), each about of deviation 0.5 to 1."""
    side = len(cartoon) // _CELL
    cells = (cartoon.astype(np.float32) / 127.5 - 1).reshape(side, _CELL, side, _CELL, 3)
    ramp = np.arange(_CELL) - (_CELL - 1) / 2
    ramp = (ramp / np.sqrt((ramp**2).mean())).astype(np.float32)
    across, down = ramp[None, None, None, :, None], ramp[None, :, None, None, None]
    weights = (np.ones_like(across), across, down, across * down)
    found = [(cells * weight).mean((1, 3)) * gain for weight, gain in zip(weights, _GAINS, strict=True)]
    found[0] = found[0] - _MIDDLE * _GAINS[0]
    return np.asarray(np.concatenate(found, 2).transpose(2, 0, 1), np.float32)


@cache
def medium_codes() -> Floats:
    """(6, 6): what is between two of the media is near no third one."""
    return np.asarray(np.eye(len(MEDIA)) * 2.4 - 0.4, np.float32)


@cache
def light_codes() -> Floats:
    """(4, 2)."""
    return np.array([_LIGHT_CODES[light] for light in LIGHTS], np.float32)


@cache
def colour_codes() -> Floats:
    """(6, 3): red, green and blue, so that what is between two colours is their mixture."""
    return np.asarray(np.array(list(COLOURS.values())) / 85 - 1.4, np.float32)


def words(wishes: Sequence[Wish]) -> Floats:
    """The numbers that a wish writes all over its picture, (wishes, WORDS)."""
    rows = [
        np.concatenate(
            [
                medium_codes()[list(MEDIA).index(wish.medium)],
                light_codes()[list(LIGHTS).index(wish.light)],
                colour_codes()[list(COLOURS).index(wish.colour)],
            ]
        )
        for wish in wishes
    ]
    return np.stack(rows)
