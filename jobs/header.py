"""Reads what a picture claims to be from its first bytes, before any decoder allocates for the claim.

Pillow's WebP reader allocates two whole canvases when it opens a file; a forged header of 40 bytes would cost 2 GB.
"""

from dataclasses import dataclass
from typing import Literal

Format = Literal["PNG", "JPEG", "WEBP"]


@dataclass(frozen=True, slots=True)
class Header:
    """What the first bytes say. size: (width, height) in pixels, None where only a decoder can tell (JPEG)."""

    format: Format
    size: tuple[int, int] | None


def read_header(data: bytes) -> Header | None:
    """Tell the format by content, never by name; None for anything but PNG, JPEG and WebP."""
    if data.startswith(b"\x89PNG\r\n\x1a\n") and data[12:16] == b"IHDR" and len(data) >= 33:
        return Header("PNG", (int.from_bytes(data[16:20]), int.from_bytes(data[20:24])))
    if data.startswith(b"\xff\xd8\xff"):
        return Header("JPEG", None)
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP" and len(data) >= 30:
        return Header("WEBP", _webp_size(data))
    return None


def picture_size(data: bytes) -> tuple[int, int] | None:
    """(width, height) in pixels as the file says it, None where its first bytes don't; a JPEG's before it is turned."""
    header = read_header(data)
    if header is None or header.size is not None:
        return None if header is None else header.size
    at = 2
    while at + 9 <= len(data) and data[at] == 0xFF:
        marker, length = data[at + 1], int.from_bytes(data[at + 2 : at + 4])
        if marker in _JPEG_FRAMES:
            return (int.from_bytes(data[at + 7 : at + 9]), int.from_bytes(data[at + 5 : at + 7]))
        at += 2 + max(2, length)
    return None


# SOF0 … SOF15, without the three numbers between them that mean something else.
_JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


def _webp_size(data: bytes) -> tuple[int, int] | None:
    kind = data[12:16]
    if kind == b"VP8X":
        return (int.from_bytes(data[24:27], "little") + 1, int.from_bytes(data[27:30], "little") + 1)
    if kind == b"VP8L":
        bits = int.from_bytes(data[21:25], "little")
        return ((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1)
    if kind == b"VP8 ":
        return (int.from_bytes(data[26:28], "little") & 0x3FFF, int.from_bytes(data[28:30], "little") & 0x3FFF)
    return None
