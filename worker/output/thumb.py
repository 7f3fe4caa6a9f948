"""Thumbnails: small WebP copies, made once from the pixels in hand, so that no page ever loads whole pictures."""

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

_QUALITY = 75
_METHOD = 0  # an eighth of the time of the default for a tenth more bytes
_REDUCING_GAP = 2.0  # a box first, then the filter: less than half the time of the filter alone


def encode_thumb(pixels: NDArray[np.uint8], side: int) -> bytes:
    """A WebP of `pixels` (uint8 RGB, shape (height, width, 3)), at most `side` pixels wide and high, never enlarged.

    The same bytes for the same pixels; nothing of the variant is inside. Costs about half of what
    the PNG of the same picture costs, and 5 to 20 kB.
    """
    image = Image.fromarray(pixels)
    image.thumbnail((side, side), Image.Resampling.BICUBIC, reducing_gap=_REDUCING_GAP)
    file = io.BytesIO()
    image.save(file, format="WEBP", quality=_QUALITY, method=_METHOD)
    return file.getvalue()
