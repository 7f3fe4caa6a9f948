"""What failed, by cause, and the record files as they lie in storage."""

from dataclasses import asdict
from typing import Literal

from fastapi import APIRouter
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, Field

from api.failures import failures, record_file
from api.web.callers import Caller
from api.web.depends import JobId, TheDesk
from api.web.problems import documented

router = APIRouter(prefix="/v1/jobs/{job}", tags=["results"])


class FailureShape(BaseModel):
    """Variants that were refused for one cause."""

    code: str = Field(description="for `causes` of a retry", examples=["image_not_found"])
    count: int
    blame: str = Field(description="caller, world or row; empty where no record says")
    message: str = Field(description="of one of them")
    remedy: str = Field(description="what to do about it")
    first: list[int] = Field(description="the lowest indexes that the ledger names, at most 20")


class FailureList(BaseModel):
    """A job's failures, the most frequent cause first."""

    failures: list[FailureShape]


@router.get("/failures", summary="Failures by cause", responses=documented(404, 503))
def by_cause(job: JobId, desk: TheDesk, caller: Caller) -> FailureList:
    """Each cause with its count, an example in its own words, and the remedy."""
    found = failures(desk, job, caller=caller)
    return FailureList(failures=[FailureShape.model_validate(asdict(one)) for one in found])


@router.get(
    "/files/{name}",
    summary="results.jsonl or errors.jsonl",
    response_class=RedirectResponse,
    status_code=307,
    responses=documented(404, 422, 503) | {307: {"description": "To a URL that gives the file for 15 minutes"}},
)
def file(job: JobId, name: Literal["results", "errors"], desk: TheDesk, caller: Caller) -> RedirectResponse:
    """Every outcome, a line each, once the job is finished and written."""
    link = record_file(desk, job, name, caller=caller)
    return RedirectResponse(link, status_code=307, headers={"Cache-Control": "no-store"})
