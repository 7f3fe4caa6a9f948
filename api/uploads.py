"""Init images that a caller brings along: stored by content, so that the same picture is kept and sent once."""

import hashlib
from dataclasses import dataclass

from jobs.errors import BadImage, TooLarge
from jobs.storage import Storage
from jobs.uris import upload_uri

# Enough of a look to refuse what is surely no picture; the decoder, which sits in the workers, has the last word.
_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG = b"\xff\xd8\xff"
_RIFF, _WEBP = b"RIFF", b"WEBP"
_SHOWN_BYTES = 8


@dataclass(frozen=True, slots=True)
class Upload:
    """A stored init image. uri: `upload://<sha256>`, for a job spec. size: bytes."""

    uri: str
    size: int
    sha256: str


def sniff(data: bytes) -> str:
    """The media type that the first bytes of `data` announce.

    Raises:
        BadImage: neither PNG nor JPEG nor WebP.

    """
    if data.startswith(_PNG):
        return "image/png"
    if data.startswith(_JPEG):
        return "image/jpeg"
    if data[:4] == _RIFF and data[8:12] == _WEBP:
        return "image/webp"
    shown = data[:_SHOWN_BYTES].hex(" ") or "nothing"
    message = f"the upload is no picture that is read here: it begins with {shown}"
    raise BadImage(message, remedy="Send the bytes of a PNG, JPEG or WebP file as the body, not a form.")


def keep(data: bytes, *, caller: str, storage: Storage, output_uri: str, limit: int) -> Upload:
    """Store `data` below the caller's own uploads, unless it is there already.

    Raises:
        TooLarge: more than `limit` bytes.
        BadImage: surely no picture.
        StorageUnavailable: the store did not take it.

    """
    if len(data) > limit:
        message = f"an init image of {len(data)} bytes is above the bound of {limit} bytes"
        raise TooLarge(message, remedy="Scale the picture down.")
    content_type = sniff(data)
    sha256 = hashlib.sha256(data).hexdigest()
    storage.write(upload_uri(output_uri, caller, sha256), data, content_type, if_absent=True)
    return Upload(f"upload://{sha256}", len(data), sha256)
