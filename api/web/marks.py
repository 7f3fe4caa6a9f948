"""Marks: stars and rejects, one picture at a time or many."""

from fastapi import APIRouter
from pydantic import BaseModel, Field

from api.web.bodies import OrderText
from api.web.depends import OwnJob, TheDesk
from api.web.orders import MarkMany, MarkOne, body_of, read
from api.web.problems import documented
from api.web.variants import Index
from jobs.ledger.marks import Mark, Tally, every_marked, mark, runs

router = APIRouter(prefix="/v1/jobs/{job}", tags=["gallery"])


class Marked(BaseModel):
    """How many pictures of the job bear each mark now."""

    star: int
    reject: int
    changed: int = Field(description="pictures whose mark is another than before")

    @classmethod
    def of(cls, tally: Tally) -> "Marked":
        """The ledger's count as the API shows it."""
        return cls(star=tally.stars, reject=tally.rejects, changed=tally.changed)


class Marks(BaseModel):
    """Which pictures of a job bear which mark: indexes and ranges, both ends included."""

    star: str = Field(examples=["3-7,9"])
    reject: str
    stars: int
    rejects: int


@router.put(
    "/variants/{index}/mark",
    summary="Star or reject a picture",
    openapi_extra=body_of(MarkOne, required=True),
    responses=documented(403, 404, 408, 409, 413, 415, 422, 503),
)
def mark_one(job: OwnJob, index: Index, text: OrderText, desk: TheDesk) -> Marked:
    """A picture bears one mark at most; null takes it away."""
    return Marked.of(mark(desk.book, job, [index], read(MarkOne, text).mark))


@router.put(
    "/marks",
    summary="Star or reject many pictures",
    openapi_extra=body_of(MarkMany, required=True),
    responses=documented(403, 404, 408, 409, 413, 415, 422, 503),
)
def mark_many(job: OwnJob, text: OrderText, desk: TheDesk) -> Marked:
    """At most 10,000 variants at once; those without a picture stay as they are."""
    order = read(MarkMany, text)
    return Marked.of(mark(desk.book, job, order.numbers(), order.mark))


@router.get("/marks", summary="Which pictures are starred or rejected", responses=documented(404, 503))
def marks(job: OwnJob, desk: TheDesk) -> Marks:
    """All of them, as ranges."""
    stars, rejects = (every_marked(desk.book, job, which) for which in Mark)
    return Marks(star=runs(stars), reject=runs(rejects), stars=len(stars), rejects=len(rejects))
