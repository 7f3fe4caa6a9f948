"""Who is calling over HTTP, and what a route asks of them. Every route says it: `Caller`, `Whose` or `Operator`.

A key comes as a bearer token, or a session as a cookie. Without keys the network is the only guard, and a browser
stands inside it: so pages of other sites may change nothing, and names that another's DNS gives this machine don't
count.
"""

import hmac
import ipaddress
from http import HTTPStatus
from typing import Annotated, cast
from urllib.parse import urlsplit

from fastapi import Depends, Query, Request
from pydantic import AfterValidator
from starlette.exceptions import HTTPException

from api.access import Identity, Scope, csrf_of, is_caller
from api.desk import Desk
from api.gate import DEFAULT_CALLER, require
from jobs.errors import Forbidden, LedgerUnavailable

__all__ = [
    "COOKIE",
    "CSRF_HEADER",
    "DEFAULT_CALLER",
    "PUBLIC",
    "Caller",
    "CallerName",
    "Listed",
    "Onlooker",
    "Operator",
    "Who",
    "Whose",
    "among",
]

COOKIE = "pentimento_session"
CSRF_HEADER = "x-csrf-token"
PUBLIC = frozenset(
    {
        "/",
        "/docs",
        "/docs/oauth2-redirect",
        "/jobs",
        "/jobs/{job}",
        "/jobs/{job}/{index}",
        "/livez",
        "/login",
        "/logout",
        "/openapi.json",
        "/readyz",
        "/static-offline-docs",
        "/submit",
        "/ui/{path:path}",
        "/v1/schema",
        "/workers",
    }
)
"""Paths that answer everybody: they tell nothing of any caller. A test refuses routes that neither ask nor are here."""

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_BEARER = "bearer "


def identity(request: Request) -> Identity:
    """Who calls; asked once a call.

    Raises:
        HTTPException: 403, when a page of another site makes somebody's browser change something here.
        Unauthenticated, Forbidden, QuotaExceeded: as `Gate.identify`.

    """
    refuse_foreign(request)
    said = request.headers.get("authorization", "")
    key = said[len(_BEARER) :].strip() if said.lower().startswith(_BEARER) else ""
    session = "" if key else request.cookies.get(COOKIE, "")
    found = _desk(request).gate.identify(key, session=session)
    if found.session and request.method not in _SAFE_METHODS:
        shown = request.headers.get(CSRF_HEADER, "")
        if not hmac.compare_digest(shown.encode(), csrf_of(found.session).encode()):
            raise Forbidden("X-CSRF-Token: not this session's", remedy="Send `csrf` of GET /v1/me.")
    if not found.key and not found.everywhere:
        _refuse_rebound(request)
    return found


def refuse_foreign(request: Request) -> None:
    """Refuse changes that a page of another site asks for.

    Raises:
        HTTPException: 403.

    """
    foreign = request.headers.get("sec-fetch-site", "none") not in {"none", "same-origin"}
    if foreign and request.method not in _SAFE_METHODS:
        raise HTTPException(HTTPStatus.FORBIDDEN, "a page of another site may not change anything here")


def _refuse_rebound(request: Request) -> None:
    """An open API answers under this machine's own names only: a foreign page may point its name to 127.0.0.1."""
    try:
        name = urlsplit(f"//{request.headers.get('host', '')}").hostname or ""
        known = name == "localhost" or ipaddress.ip_address(name).is_loopback
    except ValueError:
        known = False
    if not known:
        said = f"Host: {request.headers.get('host', '')[:100]!a} is not this machine, and no key is asked for here"
        raise Forbidden(said, remedy="Call 127.0.0.1 or localhost, or make a key: `pentimento keys create`.")


def _desk(request: Request) -> Desk:
    return cast("Desk", request.app.state.desk)


Who = Annotated[Identity, Depends(identity)]


def caller(request: Request, who: Who) -> str:
    """The caller's name; for an admin's key, on a path that names a job, the name of the job's owner.

    Raises:
        Forbidden: the key lacks the scope `read`, or for a change `submit`.

    """
    require(who, Scope.READ if request.method in _SAFE_METHODS else Scope.SUBMIT)
    if who.everywhere and (job := request.path_params.get("job")):
        return _desk(request).book.owner(job) or who.caller
    return who.caller


def whose(name: Annotated[str, Depends(caller)], who: Who) -> str | None:
    """Whose jobs a list shows: the caller's own, or with None everybody's, for an admin."""
    return None if who.everywhere else name


def among(whose: str | None, name: str) -> str | None:
    """Whose jobs a list shows where it is asked for those of `name` (a caller, or empty for all that it may show).

    Raises:
        Forbidden: `name` is another caller, and the key is no admin's.

    """
    if not name or whose == name:
        return whose
    if whose is not None:
        said = f"caller={name}: only a key with the scope admin sees other callers' jobs"
        raise Forbidden(said, remedy="Leave `caller` away, or use an admin's key.")
    return name


def _known_shape(name: str) -> str:
    if name and not is_caller(name):
        raise ValueError("no caller has such a name: 1 to 40 of a-z, 0-9 and '-' are taken, the first no '-'")
    return name


CallerName = Annotated[str, AfterValidator(_known_shape)]
"""A caller's name as a filter; empty for none."""


def listed(
    mine: Annotated[str | None, Depends(whose)],
    name: Annotated[CallerName, Query(alias="caller", description="whose; another's only for `admin`")] = "",
) -> str | None:
    """`among`, with the name from the query."""
    return among(mine, name)


def operator(who: Who) -> Identity:
    """Whoever runs this deployment.

    Raises:
        Forbidden: the key lacks the scope `admin`.

    """
    require(who, Scope.ADMIN)
    return who


def onlooker(request: Request) -> None:
    """Whoever runs this deployment; also on this machine while Redis, which knows the keys, is away.

    Raises:
        Forbidden, Unauthenticated: as for `operator`.

    """
    try:
        operator(identity(request))
    except LedgerUnavailable:
        here = _desk(request).settings
        if not here.loopback or here.auth == "keys":
            raise


Caller = Annotated[str, Depends(caller)]
Whose = Annotated[str | None, Depends(whose)]
Listed = Annotated[str | None, Depends(listed)]
"""As `Whose`, for a list that takes `?caller=`."""
Operator = Annotated[Identity, Depends(operator)]
Onlooker = Annotated[None, Depends(onlooker)]
