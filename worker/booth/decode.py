"""Turns a stranger's bytes into pixels, or into one sentence about what is wrong with them.

Rules: PNG, JPEG and WebP only, told by content; every bound is checked on the claimed size, before anything is
decoded; a truncated or corrupt file is refused, never filled up. An animation is refused rather than cut to its first
frame, so that nothing is dropped unseen (a JPEG's further pictures, such as a phone's gain map, are no animation).

What comes out is always sRGB as it is seen: EXIF orientation applied, transparency laid on white, 16-bit grey scaled,
colours brought over from the profile that the file brings along. Nothing but pixels comes out: no place, no camera, no
name goes on into a result.
"""

import io
import struct
import warnings
import zlib
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageCms

from jobs.errors import BadImage
from jobs.header import Format, Header, read_header

Pixels = NDArray[np.uint8]

MAX_SIDE_PIXELS = 32_768
MAX_PROFILE_BYTES = 4 << 20
MAX_ASPECT = 64
"""Longer side to shorter: a 1 × 60,000 strip fitted to a model's size would be one pixel of picture and all padding."""

# Our own bounds are checked first; this is for whatever else in this process opens a picture.
warnings.filterwarnings("error", category=Image.DecompressionBombWarning)

_WORDS = "Send a PNG, JPEG or WebP."
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
# Whatever a decoder raises over a file is the file's fault; what is left out is memory, which is bounded elsewhere.
_DECODER_FAULTS = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    LookupError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
)


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """A decoded picture. pixels: uint8 RGB, shape (height, width, 3), upright."""

    pixels: Pixels
    format: Format


def decode(data: bytes, *, max_pixels: int) -> Picture:
    """Decode a PNG, JPEG or WebP of at most `max_pixels`.

    Raises:
        BadImage: anything else; the message says what is wrong.

    """
    header = check_claim(data, max_pixels)
    try:
        if header.format == "PNG":
            _check_sums(data)
        with Image.open(io.BytesIO(data), formats=(header.format,)) as image:
            _check_size(image.size, max_pixels)
            _check_single(image, header.format)
            image.load()
            return Picture(_rgb(_upright(_profiled(image))), header.format)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise BadImage("the picture has too many pixels", remedy=f"Send at most {max_pixels:,} pixels.") from error
    except _DECODER_FAULTS as error:
        said = f"the {header.format} is truncated or corrupt ({str(error)[:120] or type(error).__name__})"
        raise BadImage(said, remedy="Save the picture again and send the whole file.") from error


def check_claim(data: bytes, max_pixels: int) -> Header:
    """What the first bytes say, before any decoder is asked.

    Raises:
        BadImage: no picture of ours, or a size above the bounds.

    """
    if not data:
        raise BadImage("the file is empty", remedy=_WORDS)
    header = read_header(data)
    if header is None:
        raise BadImage("the file is not a PNG, JPEG or WebP picture", remedy=_WORDS)
    if header.size:
        _check_size(header.size, max_pixels)
    return header


def _check_size(size: tuple[int, int], max_pixels: int) -> None:
    width, height = size
    said = f"the picture has {width:,} × {height:,} pixels"
    if width < 1 or height < 1:
        raise BadImage(said, remedy="Send a picture with at least one pixel.")
    if width * height > max_pixels:
        raise BadImage(f"{said}, more than {max_pixels:,}", remedy="Send a smaller picture.")
    if max(size) > MAX_SIDE_PIXELS:
        raise BadImage(f"{said}, a side of more than {MAX_SIDE_PIXELS:,}", remedy="Send a smaller picture.")
    if max(size) > MAX_ASPECT * min(size):
        raise BadImage(f"{said}, longer than {MAX_ASPECT} to 1", remedy="Crop the picture.")


def _check_sums(data: bytes) -> None:
    """Check every chunk's CRC: decoding itself skips those of the pixels."""
    with Image.open(io.BytesIO(data), formats=("PNG",)) as image:
        image.verify()


def _check_single(image: Image.Image, kind: Format) -> None:
    frames = int(getattr(image, "n_frames", 1))
    if kind != "JPEG" and frames > 1:
        raise BadImage(f"the {kind} is an animation of {frames} frames", remedy="Send one frame as a picture.")


def _profiled(image: Image.Image) -> Image.Image:
    """The picture in sRGB where its file says what its numbers mean; a profile that can't be read says nothing."""
    profile = image.info.get("icc_profile")
    if not isinstance(profile, bytes) or image.mode not in {"L", "P", "RGB", "RGBA", "CMYK"}:
        return image
    if len(profile) > MAX_PROFILE_BYTES:
        said = f"the picture has a colour profile of {len(profile):,} bytes, more than {MAX_PROFILE_BYTES:,}"
        raise BadImage(said, remedy="Convert it to sRGB.")
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if "srgb" in ImageCms.getProfileDescription(source).lower():
            return image
        exif, clear = image.getexif(), image.has_transparency_data
        if image.mode == "P":
            image = image.convert("RGBA" if clear else "RGB")
        if clear and image.mode not in {"RGB", "RGBA"}:
            return image
        into = "RGBA" if image.mode == "RGBA" else "RGB"
        made = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode=into)
    except (ImageCms.PyCMSError, *_DECODER_FAULTS):
        return image
    if made is None:
        return image
    made.info.clear()
    if orientation := exif.get(ExifTags.Base.Orientation):
        made.getexif()[ExifTags.Base.Orientation] = orientation
    return made


def _upright(image: Image.Image) -> Image.Image:
    turn = None
    # A broken EXIF block (Pillow warns or raises, as it comes) says nothing about the pixels, which are whole.
    with suppress(*_DECODER_FAULTS, UserWarning):
        turn = _TURNS.get(image.getexif().get(ExifTags.Base.Orientation, 1))
    return image if turn is None else image.transpose(turn)


def _rgb(image: Image.Image) -> Pixels:
    if image.mode.startswith("I"):
        return _from_16_bit(image)
    if image.has_transparency_data:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image)
    return np.array(image if image.mode == "RGB" else image.convert("RGB"), dtype=np.uint8)


def _from_16_bit(image: Image.Image) -> Pixels:
    """Pillow's own conversion clips at 255 instead of scaling."""
    grey = np.clip(np.asarray(image), 0, 0xFFFF).astype(np.uint32)
    transparent = image.info.get("transparency")
    if isinstance(transparent, int):
        grey[grey == transparent] = 0xFFFF
    grey += 128
    grey //= 257
    return np.repeat(grey.astype(np.uint8)[..., None], 3, axis=2)
