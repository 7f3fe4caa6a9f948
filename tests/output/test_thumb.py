"""Thumbnails: small, of the picture's shape, and the same for the same pixels."""

import io

import numpy as np
import pytest
from PIL import Image

from worker.output.thumb import encode_thumb


@pytest.mark.parametrize(
    ("height", "width", "side", "shape"),
    [(512, 1024, 256, (256, 128)), (640, 64, 256, (26, 256)), (64, 64, 256, (64, 64)), (8, 4096, 256, (256, 1))],
)
def test_a_thumbnail_has_the_shape_of_its_picture_and_is_never_enlarged(
    height: int, width: int, side: int, shape: tuple[int, int]
) -> None:
    pixels = np.full((height, width, 3), (200, 40, 90), dtype=np.uint8)

    data = encode_thumb(pixels, side)

    with Image.open(io.BytesIO(data)) as image:
        assert (image.format, image.size) == ("WEBP", shape)
        assert np.abs(np.asarray(image.convert("RGB")).astype(int) - (200, 40, 90)).max() < 12
    assert data == encode_thumb(pixels, side)
