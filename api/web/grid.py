"""The grid: a sweep's geometry, the states of its cells in four bits each, and thumbnails by the page."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from api.gallery.grid import SHOWN, Grid, Labels
from api.gallery.pictures import GOOD_SECONDS
from api.web.answers import AGAIN, fresh, picture
from api.web.callers import Caller
from api.web.depends import JobId, TheGallery
from api.web.orders import ranges_of
from api.web.problems import binary, documented
from api.web.variants import Index
from jobs.errors import InvalidSpec, Problem, TooLarge
from jobs.ledger.cells import MAX_CELLS

router = APIRouter(prefix="/v1/jobs/{job}", tags=["gallery"])

MAX_LINKS = 200
_INDEX = 1 << 40
_PACKED = """Four bits a cell: cell k of the answer is in byte k >> 1, an even one in the high four bits.

0 pending, 1 leased, 2 waiting to be tried again, 3 settled, 4 settled and starred, 5 settled and rejected, 6 refused,
7 excluded. `Cells-From`, `Cells-Count` and `Cells-Total` say which these are of how many; `Event-Id` is the newest
event that they contain: watch the job's events after it, and nothing is missed."""


class ThumbLinks(BaseModel):
    """Where a browser finds thumbnails: presigned links, or paths on this host."""

    thumbs: dict[int, str] = Field(description="by index; only of variants that have a picture")
    expires_in_s: int = Field(description="the links are good for so long at least")


class InitLinks(BaseModel):
    """The same for init images."""

    inits: dict[int, str] = Field(description="by coordinate on the first axis")
    expires_in_s: int


def _numbers(text: str, path: str) -> list[int]:
    try:
        ranges = ranges_of(text)
    except ValueError as error:
        raise InvalidSpec([Problem(path, str(error), ascii(text)[:200])], source="the call") from error
    count = sum(stop - start for start, stop in ranges)
    if count > MAX_LINKS:
        raise TooLarge(f"{path} names {count} cells, above the bound of {MAX_LINKS}", remedy="Ask in several calls.")
    return [index for start, stop in ranges for index in range(start, stop)]


@router.get(
    "/grid",
    summary="A job's sweep as a grid",
    response_class=Response,
    responses=documented(404, 409, 503) | {200: {"model": Grid}, 304: {"description": "As you have it"}},
)
def grid(request: Request, job: JobId, gallery: TheGallery, caller: Caller) -> Response:
    """Axes, their first labels, and the strides that make an index of coordinates."""
    shape = gallery.grid(job, caller=caller)
    return fresh(request, shape.model_dump_json().encode(), "application/json")


@router.get("/grid/axes/{axis}", summary="More labels of an axis", responses=documented(404, 409, 422, 503))
def labels(
    job: JobId,
    axis: str,
    gallery: TheGallery,
    caller: Caller,
    start: Annotated[int, Query(alias="from", ge=0, le=_INDEX)] = 0,
    limit: Annotated[int, Query(ge=1, le=SHOWN)] = SHOWN,
) -> Labels:
    """By the axis' place in the grid, or `included`."""
    return gallery.labels(job, axis, start=start, limit=limit, caller=caller)


@router.get(
    "/cells",
    summary="The state of every cell, packed",
    description=_PACKED,
    response_class=Response,
    responses=documented(404, 409, 422, 503)
    | binary("application/octet-stream")
    | {304: {"description": "As you have it"}},
)
def cells(
    request: Request,
    job: JobId,
    gallery: TheGallery,
    caller: Caller,
    start: Annotated[int, Query(alias="from", ge=0, le=_INDEX)] = 0,
    count: Annotated[int, Query(ge=1, le=MAX_CELLS)] = MAX_CELLS,
) -> Response:
    """The cells from `from` on."""
    found = gallery.cells(job, start=start, count=count, caller=caller)
    headers = {
        "Cells-From": str(found.start),
        "Cells-Count": str(found.count),
        "Cells-Total": str(found.total),
        "Event-Id": found.event,
    }
    return fresh(request, found.packed, "application/octet-stream", headers=headers)


@router.get("/thumbs", summary="Where thumbnails are", responses=documented(404, 413, 422, 503))
def thumbs(
    job: JobId,
    gallery: TheGallery,
    caller: Caller,
    indexes: Annotated[str, Query(max_length=4000, description="indexes and ranges, both ends included: `3-7,9`")],
) -> ThumbLinks:
    """At most 200 at once; the same link again for some minutes, so that a browser's cache works."""
    found = gallery.thumbs(job, _numbers(indexes, "indexes"), caller=caller)
    return ThumbLinks(thumbs=found, expires_in_s=GOOD_SECONDS)


@router.get("/inits", summary="Where thumbnails of init images are", responses=documented(404, 409, 413, 422, 503))
def inits(
    job: JobId,
    gallery: TheGallery,
    caller: Caller,
    images: Annotated[str, Query(max_length=4000, description="coordinates on the grid's first axis: `0-7,9`")],
) -> InitLinks:
    """Of init images that a picture was made of."""
    found = gallery.inits(job, _numbers(images, "images"), caller=caller)
    return InitLinks(inits=found, expires_in_s=GOOD_SECONDS)


@router.get(
    "/inits/{image}/thumb",
    summary="An init image's thumbnail",
    response_class=Response,
    responses=documented(404, 409, 422, 503) | binary("image/webp"),
)
def init_thumb(job: JobId, image: Index, gallery: TheGallery, caller: Caller) -> Response:
    """As WebP, at most 256 pixels on a side."""
    return picture(gallery.init_thumb(job, image, caller=caller), "image/webp", keep=AGAIN)
