"""Answers that browsers may keep: an ETag over the bytes, 304 where nothing changed, gzip where it is understood."""

import gzip
import hashlib
from collections.abc import Mapping

from fastapi import Request
from starlette.responses import Response

IMMUTABLE = "private, max-age=31536000, immutable"
AGAIN = "private, no-cache"
"""Kept, but asked about each time."""
_WORTH_PACKING = 1024
_PICTURE_POLICY = "default-src 'none'; sandbox"


def fresh(request: Request, body: bytes, media_type: str, *, headers: Mapping[str, str] | None = None) -> Response:
    """`body`, or 304 where the caller has it; gzipped where the caller takes that."""
    tag = f'W/"{hashlib.blake2b(body, digest_size=16).hexdigest()}"'
    said = {"ETag": tag, "Cache-Control": AGAIN, "Vary": "Accept-Encoding", **(headers or {})}
    if tag in {part.strip() for part in request.headers.get("if-none-match", "").split(",")}:
        return Response(status_code=304, headers=said)
    if len(body) > _WORTH_PACKING and "gzip" in request.headers.get("accept-encoding", ""):
        body, said["Content-Encoding"] = gzip.compress(body, compresslevel=1, mtime=0), "gzip"
    return Response(body, media_type=media_type, headers=said)


def picture(data: bytes, media_type: str, *, download: str = "", keep: str = IMMUTABLE) -> Response:
    """A picture's bytes, which can't run as a page. download: the name (`[A-Za-z0-9._-]`) to save it under."""
    headers = {"Cache-Control": keep, "Content-Security-Policy": _PICTURE_POLICY}
    if download:
        headers["Content-Disposition"] = f'attachment; filename="{download}"'
    return Response(data, media_type=media_type, headers=headers)
