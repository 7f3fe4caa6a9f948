"""Bytes that strangers send for pictures: whatever they are, one sentence; no decoder of this process sees them."""

import io
import zlib
from collections.abc import Callable

import httpx
from PIL import Image

from tests.booth.test_decode import BAD, MAX
from tests.safety.world import Row, World
from worker.booth.pool import booths


def _decoded(make: Callable[[], bytes]) -> object:
    return booths().decode(make(), max_pixels=MAX)


def _upload(world: World, data: bytes, **headers: str) -> httpx.Response:
    return world.http.post("/v1/uploads", content=data, headers={k.replace("_", "-"): v for k, v in headers.items()})


def _saved(kind: str, **how: object) -> Callable[[], bytes]:
    def made() -> bytes:
        file = io.BytesIO()
        Image.new("RGB", (8, 8), "red").save(file, kind, **how)
        return file.getvalue()

    return made


MORE: dict[str, Callable[[], bytes]] = {
    "an ICO": _saved("ICO"),
    "a PDF": _saved("PDF"),
    "a TGA": _saved("TGA"),
    "an ICNS": lambda: b"icns" + bytes(100),
    "an AVIF": lambda: b"\x00\x00\x00\x1cftypavif" + bytes(100),
    "an HDF5": lambda: b"\x89HDF\r\n\x1a\n" + bytes(100),
    "a PostScript": lambda: b"%!PS\n(%pipe%id) (r) file\n",
    "a script": lambda: b"#!/bin/sh\nid\n",
    "a zip": lambda: b"PK\x03\x04" + bytes(100),
    "a pickle": lambda: b"\x80\x04cos\nsystem\n(S'id'\ntR.",
    "a colour profile of megabytes": _saved("JPEG", icc_profile=bytes(5_000_000)),
    "a JPEG of 65,000 by 65,000": lambda: b"\xff\xd8\xff\xc0\x00\x11\x08\xfd\xe8\xfd\xe8\x03" + bytes(60),
    "a WebP whose length lies": lambda: b"RIFF\xff\xff\xff\xffWEBPVP8L\xff\xff\xff\x7f" + bytes(60),
    "a PNG whose chunk's length lies": lambda: _saved("PNG")()[:33] + b"\xff\xff\xff\xffIDAT" + bytes(60),
    "a BMP in a PNG's name": lambda: b"BM" + bytes(200),
}

ROWS = [
    *(Row(f"decode: {name}", "bad_image", lambda _, make=make: _decoded(make)) for name, (make, _) in BAD.items()),  # type: ignore[misc]
    *(Row(f"decode: {name}", "bad_image", lambda _, make=make: _decoded(make)) for name, make in MORE.items()),  # type: ignore[misc]
    Row("upload: nothing", "bad_image", lambda world: _upload(world, b"")),
    Row("upload: a GIF", "bad_image", lambda world: _upload(world, b"GIF89a" + bytes(50))),
    Row("upload: an SVG", "bad_image", lambda world: _upload(world, b"<svg xmlns='http://www.w3.org/2000/svg'/>")),
    Row("upload: above the bound", "too_large", lambda world: _upload(world, b"\x89PNG\r\n\x1a\n" + bytes(100_001))),
    Row("upload: a gzip", "unsupported_media_type",
        lambda world: _upload(world, zlib.compress(bytes(100)), content_encoding="gzip")),
]  # fmt: skip
