"""WebP and JPEG for those who'd rather have small files than exact ones, with the same two texts inside as a PNG's.

They travel in EXIF: A1111's in UserComment, where it puts it itself, and our JSON in ImageDescription. Beside it lies
`xmp`'s packet.
"""

import io
import json
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image

from worker.output.png import A1111_KEY, OWN_KEY
from worker.output.xmp import XMP_KEY

_SAVED: Mapping[str, Mapping[str, object]] = {
    "webp": {"format": "WEBP", "quality": 90, "method": 4},
    "jpeg": {"format": "JPEG", "quality": 92, "subsampling": 0},
}
_MAX_EXIF_BYTES = 64_000  # a JPEG's segment ends at 65,533
_UNICODE = b"UNICODE\0"
_NEEDED = ("pentimento", "engine", "fingerprint", "rung")


def encode_lossy(pixels: NDArray[np.uint8], kind: str, *, text: Mapping[str, str]) -> bytes:
    """A `webp` or `jpeg` of `pixels` (uint8 RGB, shape (height, width, 3)) with `text` as `encode_png` takes it.

    Texts of more than 64 kB don't fit: then only our JSON is in it, without what the records say as well.
    """
    exif = _exif(text)
    if len(exif.tobytes()) > _MAX_EXIF_BYTES:
        own = json.loads(text.get(OWN_KEY, "{}"))
        exif = _exif({OWN_KEY: json.dumps({key: own[key] for key in _NEEDED if key in own})})
    file = io.BytesIO()
    xmp = {"xmp": text[XMP_KEY].encode()} if XMP_KEY in text else {}
    Image.fromarray(pixels).save(file, exif=exif, **xmp, **_SAVED[kind])  # type: ignore[arg-type]
    return file.getvalue()


def _exif(text: Mapping[str, str]) -> Image.Exif:
    exif = Image.Exif()
    if OWN_KEY in text:
        exif[ExifTags.Base.ImageDescription] = json.dumps(json.loads(text[OWN_KEY]), sort_keys=True)  # ASCII
    if A1111_KEY in text:
        said = _UNICODE + text[A1111_KEY].encode("utf-16-be", "replace")
        exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.UserComment] = said
    return exif


def read_own_exif(data: bytes) -> dict[str, object] | None:
    """Our own record from a WebP's or JPEG's bytes, None where there is none; no pixel is decoded."""
    try:
        with Image.open(io.BytesIO(data), formats=("WEBP", "JPEG")) as image:
            found = json.loads(image.getexif().get(ExifTags.Base.ImageDescription, ""))
    except (OSError, ValueError, SyntaxError, TypeError, RecursionError, Image.DecompressionBombError):
        return None
    return found if isinstance(found, dict) else None
