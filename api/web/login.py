"""A key for a session: the page that asks a person for one, the cookie that stands for it, and who one is."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated
from urllib.parse import parse_qs

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api.access import Scope, csrf_of
from api.web.bodies import ORDER_BYTES, SPEC_SECONDS, read_bounded
from api.web.callers import COOKIE, Who, refuse_foreign
from api.web.depends import TheDesk
from api.web.limits import Bounds
from api.web.problems import documented
from jobs.errors import QuotaExceeded, Unauthenticated

router = APIRouter()
_LONGEST_NEXT = 2000
_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Log in · pentimento</title>
<link rel="icon" href="/ui/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/ui/style.css">
<link rel="stylesheet" href="/ui/pages.css">
<main class="login"><form class="card" method="post">
<p class="word"><img src="/ui/icon.svg" alt="" width="22" height="22"><span>pentimento</span></p>
<h1>Log in</h1>
{said}
<input type="text" name="username" autocomplete="username" value="pentimento" hidden>
<label>API key <input type="password" name="key" required autofocus autocomplete="current-password"></label>
<button class="main big">Log in</button>
<p class="quiet">Whoever runs this deployment makes keys with <code>pentimento keys create</code>.</p>
</form></main>
</html>
"""
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
}


class Me(BaseModel):
    """Who calls, and what they may."""

    caller: str = Field(description="whose jobs these are", examples=["default"])
    scopes: list[Scope] = Field(description="`admin` implies the others")
    key: str = Field(description="the id of the key; empty without one")
    keys_required: bool = Field(description="whether calls without a key are refused")
    csrf: str | None = Field(description="what changes send as X-CSRF-Token, with the cookie; null without one")
    limits: Bounds = Field(description="what the caller may; 0: no bound")


@router.get("/v1/me", summary="Who one is", tags=["keys"], responses=documented(503))
def me(who: Who, desk: TheDesk, response: Response) -> Me:
    """The caller of the key or session that this is called with."""
    response.headers["Cache-Control"] = "no-store"
    asked = bool(who.key) or desk.gate.asks()
    scopes = sorted(who.scopes)
    return Me(
        caller=who.caller,
        scopes=scopes,
        key=who.key,
        keys_required=asked,
        csrf=csrf_of(who.session) or None,
        limits=Bounds(**asdict(desk.limits.bounds(who.caller))),
    )


def own_path(next: Annotated[str, Query(max_length=_LONGEST_NEXT)] = "/") -> str:  # noqa: A002  the parameter's name
    """Where to go afterwards: a path of this site, whatever was asked for."""
    plain = next.isascii() and next.isprintable() and "\\" not in next
    return next if plain and next.startswith("/") and not next.startswith("//") else "/"


NextPath = Annotated[str, Depends(own_path)]


@router.get("/login", include_in_schema=False, response_class=HTMLResponse)
def page(_: NextPath) -> HTMLResponse:
    """A page without scripts; it posts to the address that it has."""
    return _page("", 200)


@router.post("/login", include_in_schema=False, response_class=Response)
async def log_in(request: Request, desk: TheDesk, next_: NextPath) -> Response:
    """A key, as a form or as JSON, for a session's cookie."""
    refuse_foreign(request)
    body = await read_bounded(request, limit=ORDER_BYTES, seconds=SPEC_SECONDS, what="the body")
    try:
        address = request.client.host if request.client else ""
        token, ttl = await run_in_threadpool(desk.gate.log_in, _key_in(body), address=address)
    except Unauthenticated:
        return _page("That key is not one that this server takes, or not any more.", 401)
    except QuotaExceeded as error:
        wait = {"Retry-After": str(error.retry_after_seconds)}
        return _page(f"Too many keys that are none: try again in {error.retry_after_seconds} s.", 429, wait)
    answer = RedirectResponse(next_, status_code=303, headers={"Cache-Control": "no-store"})
    secure = request.url.scheme == "https"
    answer.set_cookie(COOKIE, token, max_age=ttl, httponly=True, samesite="lax", secure=secure, path="/")
    return answer


@router.post("/logout", summary="End a session", tags=["keys"], status_code=204, responses=documented(503))
def log_out(who: Who, desk: TheDesk) -> Response:
    """The cookie's session ends; a key goes on."""
    if who.session:
        desk.gate.log_out(who.session)
    answer = Response(status_code=204)
    answer.delete_cookie(COOKIE, path="/", httponly=True, samesite="lax")
    return answer


def _key_in(body: bytes) -> str:
    text = body.decode("utf-8", "replace")
    try:
        said = json.loads(text)["key"] if text.lstrip().startswith("{") else parse_qs(text).get("key", [""])[0]
    except (ValueError, KeyError, TypeError, RecursionError):
        return ""
    return said.strip() if isinstance(said, str) else ""


def _page(said: str, status: int, headers: Mapping[str, str] = _HEADERS) -> HTMLResponse:
    shown = f'<p class="fault" role="alert">{said}</p>' if said else ""
    return HTMLResponse(_PAGE.format(said=shown), status_code=status, headers={**_HEADERS, **headers})
