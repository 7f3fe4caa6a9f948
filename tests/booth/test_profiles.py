"""Colours mean what the file's own profile says, whatever else is done to the picture."""

import numpy as np
import pytest
from PIL import Image, ImageCms

from jobs.errors import BadImage
from tests.booth.test_decode import MAX
from tests.booth.test_decode import _saved as saved
from tests.booth.test_decode import _scene as scene
from worker.booth.decode import decode


def _swapped_profile() -> bytes:
    """SRGB with its red and green primaries exchanged, under another name."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    for name in ("sRGB".encode("utf-16-be"), b"sRGB"):
        while (at := profile.find(name, 128)) >= 0:
            profile[at : at + len(name)] = bytes(len(name) - 1) + b"x"
    red, green = profile.index(b"rXYZ", 128), profile.index(b"gXYZ", 128)
    profile[red + 4 : red + 12], profile[green + 4 : green + 12] = (
        profile[green + 4 : green + 12],
        profile[red + 4 : red + 12],
    )
    return bytes(profile)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_colours_are_brought_over_from_the_files_own_profile(kind: str) -> None:
    image = Image.new("RGB", (16, 16), (230, 20, 20))
    exif = Image.Exif()
    exif[0x0112] = 6

    pixel = decode(saved(image, kind, icc_profile=_swapped_profile(), exif=exif), max_pixels=MAX).pixels[8, 8]

    assert pixel[1] > 200
    assert pixel[0] < 60


def test_a_profile_that_says_srgb_or_nothing_changes_no_bit() -> None:
    seen = scene()
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()

    for profile in (srgb, b"no profile at all"):
        assert np.array_equal(decode(saved(seen, "PNG", icc_profile=profile), max_pixels=MAX).pixels, np.asarray(seen))


def test_a_profiled_picture_is_still_turned_and_laid_on_white() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = saved(Image.new("RGB", (40, 16), "red"), "JPEG", icc_profile=_swapped_profile(), exif=exif)
    clear = saved(Image.new("RGBA", (8, 8), (200, 0, 0, 0)), "PNG", icc_profile=_swapped_profile())

    assert decode(turned, max_pixels=MAX).pixels.shape == (40, 16, 3)
    assert (decode(clear, max_pixels=MAX).pixels == 255).all()


def test_a_profile_of_megabytes_is_refused() -> None:
    with pytest.raises(BadImage, match="colour profile of 5,000,000 bytes"):
        decode(saved(scene(), "JPEG", icc_profile=bytes(5_000_000)), max_pixels=MAX)
