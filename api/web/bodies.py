"""Request bodies, read in pieces against a bound in bytes and in seconds, so that nobody can fill the memory.

FastAPI reads a declared body whole before any of our code runs; these dependencies read the stream themselves, once it
is known who sends it.
"""

import asyncio
import email.message
from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated, Literal

from fastapi import Depends, Request
from starlette.exceptions import HTTPException

from api.web.callers import Who
from api.web.depends import TheDesk
from jobs.errors import TooLarge

Form = Literal["json", "yaml", "jsonl", "csv"]

SPEC_SECONDS = 30.0
IMAGE_SECONDS = 120.0
ORDER_BYTES = 64 << 10

_FORMATS: Mapping[str, Form] = {
    "application/json": "json",
    "application/yaml": "yaml",
    "application/x-yaml": "yaml",
    "text/yaml": "yaml",
}
SPEC_TYPES = tuple(_FORMATS)
_ROWS: Mapping[str, Form] = {"application/jsonl": "jsonl", "application/x-ndjson": "jsonl", "text/csv": "csv"}
"""One variant a line; the OpenAPI document, which is about the spec, leaves them out."""


async def read_bounded(request: Request, *, limit: int, seconds: float, what: str) -> bytes:
    """The whole body.

    Raises:
        TooLarge: more than `limit` bytes were announced or arrived; the rest is not read.
        HTTPException: 408 when it took longer than `seconds`; 415 when it is compressed (a bomb can't be bounded
            by what arrives); 400 for a length that is no number.

    """
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise HTTPException(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "a compressed body is not read: send it uncompressed")
    announced = request.headers.get("content-length", "0")
    if not announced.isascii() or not announced.isdigit():
        raise HTTPException(HTTPStatus.BAD_REQUEST, f"content-length is not a number: {announced[:40]!r}")
    _check(int(announced), limit, what)
    taken = bytearray()
    try:
        async with asyncio.timeout(seconds):
            async for piece in request.stream():
                taken += piece
                _check(len(taken), limit, what)
    except TimeoutError as slow:
        detail = f"{what} did not arrive within {seconds:g} seconds"
        raise HTTPException(HTTPStatus.REQUEST_TIMEOUT, detail, {"Connection": "close"}) from slow
    return bytes(taken)


def _check(size: int, limit: int, what: str) -> None:
    if size > limit:
        message = f"{what} of {size} bytes or more is above the bound of {limit} bytes"
        raise TooLarge(message, remedy="Send less, or ask whoever runs this deployment for a higher bound.")


def spec_format(request: Request) -> Form:
    """`json`, `yaml`, `jsonl` or `csv`, by the content type; 415 for anything else."""
    message = email.message.Message()
    message["content-type"] = request.headers.get("content-type", "")
    said = message.get_content_type() if request.headers.get("content-type") else "none"
    if said not in {**_FORMATS, **_ROWS}:
        detail = f"content-type {said} is not read here: one of {', '.join([*_FORMATS, *_ROWS])}"
        raise HTTPException(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, detail)
    return {**_FORMATS, **_ROWS}[said]


async def spec_text(request: Request, desk: TheDesk, _who: Who) -> bytes:
    """A job spec, at most `max_body_bytes`."""
    return await read_bounded(request, limit=desk.settings.max_body_bytes, seconds=SPEC_SECONDS, what="a job spec")


async def image_bytes(request: Request, desk: TheDesk, _who: Who) -> bytes:
    """An init image, at most `max_image_bytes`."""
    return await read_bounded(request, limit=desk.settings.max_image_bytes, seconds=IMAGE_SECONDS, what="an init image")


async def order_text(request: Request, _who: Who) -> bytes:
    """A small JSON body that may be left out."""
    return await read_bounded(request, limit=ORDER_BYTES, seconds=SPEC_SECONDS, what="the body")


OrderText = Annotated[bytes, Depends(order_text)]
SpecFormat = Annotated[Form, Depends(spec_format)]
SpecText = Annotated[bytes, Depends(spec_text)]
ImageBytes = Annotated[bytes, Depends(image_bytes)]
