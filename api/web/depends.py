"""What every route may ask for: the desk, and the names in its path and headers, checked before anything sees them."""

import re
from typing import Annotated, cast

from fastapi import Depends, Header, Path, Request

from api.desk import Desk
from api.gallery.viewing import Viewing
from api.web.callers import Caller
from jobs.errors import InvalidSpec, NotFound, Problem
from jobs.ids import is_job_id

_KEY = re.compile(r"[\x21-\x7e]{1,255}")


def the_desk(request: Request) -> Desk:
    """The desk that the app was made with."""
    return cast("Desk", request.app.state.desk)


def the_gallery(request: Request) -> Viewing:
    """The gallery over the same desk."""
    return cast("Viewing", request.app.state.gallery)


def job_id(job: Annotated[str, Path(description="a job id", examples=["01k8q4zj6m0v3n7x2b5c9d1f8g"])]) -> str:
    """The job id of the path; a text that can't be one is a job that nobody has."""
    if not is_job_id(job):
        raise NotFound(f"there is no job {ascii(job)[:80]}", remedy="`pentimento jobs`, or GET /v1/jobs, lists them.")
    return job


TheDesk = Annotated[Desk, Depends(the_desk)]
TheGallery = Annotated[Viewing, Depends(the_gallery)]
JobId = Annotated[str, Depends(job_id)]


def own_job(job: JobId, desk: TheDesk, caller: Caller) -> str:
    """The job id of the path, once it is known that the caller has that job: before a body is read, or found wrong.

    Raises:
        NotFound: this caller has no such job.

    """
    desk.get(job, caller=caller)
    return job


def idempotency_key(
    idempotency_key: Annotated[
        str | None,
        Header(description="1 to 255 visible ASCII characters; the same key and body give the same job again"),
    ] = None,
) -> str | None:
    """The key of the header of that name, None where there is none."""
    if idempotency_key is not None and not _KEY.fullmatch(idempotency_key):
        problem = Problem(
            path="Idempotency-Key",
            message="not 1 to 255 visible ASCII characters",
            value=ascii(idempotency_key)[:200],
            remedy="Send a UUID, for one.",
        )
        raise InvalidSpec([problem], source="the header")
    return idempotency_key


OwnJob = Annotated[str, Depends(own_job)]
IdempotencyKey = Annotated[str | None, Depends(idempotency_key)]
