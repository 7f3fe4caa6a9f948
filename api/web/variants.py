"""One variant: everything about it, its picture in every size, and what people think of it."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from api.gallery.detail import Detail
from api.gallery.onward import Like
from api.gallery.pictures import media_type
from api.web.answers import AGAIN, picture
from api.web.callers import Caller
from api.web.depends import JobId, TheGallery
from api.web.problems import binary, documented
from api.web.spec_text import SPEC_TEXT, SpecForm, spec_text

router = APIRouter(prefix="/v1/jobs/{job}/variants/{index}", tags=["gallery"])

Index = Annotated[int, Path(ge=0, le=1 << 40, description="position in the job's sweep")]
_KINDS = ("image/png", "image/webp", "image/jpeg")


@router.get("", summary="Everything about a variant", responses=documented(404, 409, 422, 503))
def variant(job: JobId, index: Index, gallery: TheGallery, caller: Caller) -> Detail:
    """Parameters, seed, outcome, timing, fingerprint, and where a browser finds its pictures."""
    return gallery.detail(job, index, caller=caller)


@router.get(
    "/spec",
    summary="A job spec that comes from a variant",
    response_class=Response,
    responses=documented(404, 409, 422, 503) | SPEC_TEXT,
)
def spec(
    job: JobId,
    index: Index,
    gallery: TheGallery,
    caller: Caller,
    like: Annotated[Like, Query(description="the same again, more like it, or its cell with another seed")] = Like.MORE,
    form: Annotated[SpecForm, Query()] = "json",
) -> Response:
    """For `POST /v1/plan` and `POST /v1/jobs`, as it is or changed."""
    return spec_text(gallery.spec_like(job, index, like, caller=caller), form)


@router.get(
    "/thumb",
    summary="A variant's thumbnail",
    response_class=Response,
    responses=documented(404, 422, 503) | binary("image/webp"),
)
def thumb(job: JobId, index: Index, gallery: TheGallery, caller: Caller) -> Response:
    """As WebP, at most 256 pixels on a side."""
    return picture(gallery.thumb(job, index, caller=caller), "image/webp")


@router.get(
    "/picture",
    summary="A variant's picture",
    response_class=Response,
    responses=documented(404, 409, 422, 503) | binary(*_KINDS),
)
def whole(
    job: JobId,
    index: Index,
    gallery: TheGallery,
    caller: Caller,
    *,
    download: Annotated[bool, Query(description="as a file to save")] = False,
) -> Response:
    """The bytes as they are stored."""
    name, data = gallery.picture(job, index, caller=caller)
    return picture(data, media_type(data), download=name if download else "")


@router.get(
    "/init",
    summary="A variant's init image",
    response_class=Response,
    responses=documented(404, 409, 422, 503) | binary(*_KINDS),
)
def init(job: JobId, index: Index, gallery: TheGallery, caller: Caller) -> Response:
    """The bytes as they are stored; of an image on the web the copy that the worker kept."""
    data = gallery.init(job, index, caller=caller)
    return picture(data, media_type(data), keep=AGAIN)
