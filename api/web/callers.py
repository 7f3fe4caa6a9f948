"""Who is calling: one caller for everybody until keys exist, asked for in one place so that keys change only that."""

from http import HTTPStatus
from typing import Annotated

from fastapi import Depends, Request
from starlette.exceptions import HTTPException

DEFAULT_CALLER = "default"

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def caller(request: Request) -> str:
    """The caller's name.

    Raises:
        HTTPException: 403, when a page of another site makes somebody's browser change something here. Without keys
            the network is the only guard, and a browser stands inside it.

    """
    foreign = request.headers.get("sec-fetch-site", "none") not in {"none", "same-origin"}
    if foreign and request.method not in _SAFE_METHODS:
        raise HTTPException(HTTPStatus.FORBIDDEN, "a page of another site may not change anything here")
    return DEFAULT_CALLER


Caller = Annotated[str, Depends(caller)]
