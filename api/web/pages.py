"""The dashboard's pages: one document for every page's path, and the files below /ui that it is made of."""

from functools import lru_cache
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Header, Request, Response
from starlette.concurrency import run_in_threadpool

from api.dashboard import Asset, assets
from api.desk import Desk
from api.web import problems
from api.web.depends import TheDesk, the_desk
from jobs.errors import NotFound, PentimentoError

router = APIRouter(include_in_schema=False)

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:{storage}; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; object-src 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
PAGES = ("/", "/jobs", "/jobs/{job}", "/jobs/{job}/{index}", "/submit", "/workers")
# Asked for anew each time, and answered with 304 where nothing changed: an upgrade is seen at the next page.
_FRESH = "no-cache"

_files = lru_cache(maxsize=1)(assets)


def storage_origin(desk: Desk) -> str:
    """Where presigned links lead (`http://127.0.0.1:9000`) and pictures may come from; empty: nowhere."""
    try:
        link = urlsplit(desk.storage.link(f"{desk.settings.output_uri}/any.png", ttl_seconds=60))
    except PentimentoError:
        return ""
    return f"{link.scheme}://{link.netloc}" if link.scheme in {"http", "https"} else ""


def _answer(asset: Asset, accepted: str, known: str, headers: dict[str, str]) -> Response:
    headers = {"ETag": asset.etag, "Cache-Control": _FRESH, "Vary": "Accept-Encoding", **headers}
    if asset.etag in known:
        return Response(status_code=304, headers=headers)
    if "gzip" in accepted:
        return Response(asset.gzipped, media_type=asset.media_type, headers=headers | {"Content-Encoding": "gzip"})
    return Response(asset.plain, media_type=asset.media_type, headers=headers)


@router.get("/ui/{path:path}")
async def file(
    path: str, accept_encoding: Annotated[str, Header()] = "", if_none_match: Annotated[str, Header()] = ""
) -> Response:
    """A module, a style sheet, the icon."""
    asset = _files().get(path)
    if asset is None:
        raise NotFound(f"the dashboard has no file {ascii(path)[:80]}")
    return _answer(asset, accept_encoding, if_none_match, {})


async def page(
    desk: TheDesk, accept_encoding: Annotated[str, Header()] = "", if_none_match: Annotated[str, Header()] = ""
) -> Response:
    """The document; which page it is, its own script reads from the path."""
    origin = await run_in_threadpool(storage_origin, desk)
    policy = _POLICY.format(storage=f" {origin}" if origin else "")
    headers = {"Content-Security-Policy": policy, "Referrer-Policy": "same-origin"}
    return _answer(_files()["index.html"], accept_encoding, if_none_match, headers)


async def nowhere(call: Request, error: Exception) -> Response:
    """A browser where no page is gets the document, which says so in its frame; whoever else asks gets a problem."""
    browses = call.method == "GET" and "text/html" in call.headers.get("Accept", "")
    if not browses or call.url.path.startswith(("/v1/", "/ui/")):
        return await problems.of_http(call, error)
    found = await page(the_desk(call), call.headers.get("Accept-Encoding", ""))
    found.status_code = 404
    return found


for _path in PAGES:
    router.add_api_route(_path, page, methods=["GET"])
