"""A mask for an init image: the same shape, laid over it in the same way, its edge softened where that is wanted.

Stability's polarity: black is repainted, white kept. Colours count by their lightness, transparency as white.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from jobs.errors import BadImage
from worker.booth.decode import Pixels

_SHAPE_TOLERANCE = 0.02


@dataclass(frozen=True, slots=True, eq=False)
class MaskPixels:
    """A mask, ready for an order. Shared by everyone who asks for it: never write to `kept`.

    kept: uint8, shape (height, width) of the fitted init image: 255 is kept, 0 repainted. sha256: of the bytes as
    fetched, 64 hex digits.
    """

    kept: NDArray[np.uint8]
    sha256: str


def check_shape(mask: tuple[int, int], image: tuple[int, int]) -> None:
    """Whether a mask of that (width, height) can lie over such an image: any size, the same shape.

    Raises:
        BadImage: another shape.

    """
    wide, high = mask
    if abs(wide * image[1] / (high * image[0]) - 1) > _SHAPE_TOLERANCE:
        said = f"the mask has {wide} × {high} pixels, its image {image[0]} × {image[1]}: another shape"
        raise BadImage(said, remedy="Paint the mask over the init image and save it at that size.")


def grey(pixels: Pixels, feather_pixels: float) -> NDArray[np.uint8]:
    """The lightness of `pixels`, blurred so that an edge is spread over about `feather_pixels`."""
    mask = Image.fromarray(pixels).convert("L")
    if feather_pixels > 0:
        mask = mask.filter(ImageFilter.GaussianBlur(feather_pixels / 4))  # four deviations are nearly all of it
    return np.array(mask, dtype=np.uint8)
