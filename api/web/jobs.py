"""Jobs: submit and look."""

import json
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import Field

from api.web.bodies import SPEC_TYPES, SpecFormat, SpecText
from api.web.callers import Caller, Listed
from api.web.depends import IdempotencyKey, JobId, TheDesk
from api.web.examples import SPEC_EXAMPLES
from api.web.problems import documented
from api.web.shapes import Job, JobList, Reasons
from api.web.spec_text import SPEC_TEXT, SpecForm, spec_text
from jobs.state import State

router = APIRouter(prefix="/v1/jobs", tags=["jobs"])

Label = Annotated[str, Field(max_length=320)]
_SPEC_REF = {"$ref": "#/components/schemas/JobSpec"}
_SPEC_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            media_type: {"schema": _SPEC_REF, "examples": SPEC_EXAMPLES[media_type.endswith("yaml")]}
            for media_type in SPEC_TYPES
        },
    }
}


@router.post(
    "",
    summary="Submit a job",
    status_code=201,
    openapi_extra=_SPEC_BODY,
    responses=documented(400, 403, 408, 409, 413, 415, 422, 503)
    | {200: {"model": Job, "description": "This Idempotency-Key was used before with this body: the same job."}},
)
def submit(
    text: SpecText,
    form: SpecFormat,
    desk: TheDesk,
    caller: Caller,
    response: Response,
    key: IdempotencyKey,
) -> Job:
    """Accept a job spec, in JSON or YAML: checked whole, with every problem at once, and durable when this answers."""
    submission = desk.submit_text(text, form=form, caller=caller, idempotency_key=key)
    job = Job.of(submission.job)
    response.headers["Location"] = job.links.self
    if not submission.created:
        response.status_code = 200
    return job


@router.get("", summary="List jobs", responses=documented(403, 404, 422, 503))
def jobs(
    desk: TheDesk,
    caller: Listed,
    state: Annotated[State | None, Query(description="only these")] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    cursor: Annotated[str, Query(description="`next_cursor` of the page before")] = "",
    text: Annotated[str, Query(max_length=200, description="in the name or the id, whatever its case")] = "",
    label: Annotated[list[Label], Query(max_length=16, description="`key` or `key=value`; all of them")] = [],  # noqa: B006 - FastAPI copies it
) -> JobList:
    """The caller's jobs (with the scope `admin` everybody's), newest first, and how many there are in each state."""
    page = desk.list(caller=caller, state=state, cursor=cursor, limit=limit, text=text, labels=tuple(label))
    return JobList(
        jobs=[Job.of(view) for view in page.jobs],
        next_cursor=page.next_cursor,
        counts=page.counts.by_state,
        counted=page.counts.whole,
    )


@router.get("/{job}", summary="A job as it stands", responses=documented(404, 503))
def job(job: JobId, desk: TheDesk, caller: Caller) -> Job:
    """State, counts, and links to everything else."""
    return Job.of(desk.get(job, caller=caller))


@router.get("/{job}/why", summary="Why a job or a variant waits or failed", responses=documented(404, 422, 503))
def why(
    job: JobId,
    desk: TheDesk,
    caller: Caller,
    index: Annotated[int | None, Query(ge=0, le=1 << 40, description="of one variant; none: the whole job")] = None,
) -> Reasons:
    """In sentences: planning, paused, no worker with that model, behind others, in a lease, refused, settled."""
    return Reasons.of(desk.why(job, index, caller=caller))


@router.get(
    "/{job}/manifest",
    summary="What a job was asked to do",
    response_class=Response,
    responses=documented(404, 422, 503) | SPEC_TEXT,
)
def manifest(job: JobId, desk: TheDesk, caller: Caller, form: Annotated[SpecForm, Query()] = "json") -> Response:
    """The job spec as it was frozen: submitting it again makes the same pictures."""
    frozen = desk.manifest(job, caller=caller)
    return Response(frozen, media_type="application/json") if form == "json" else spec_text(json.loads(frozen), form)
