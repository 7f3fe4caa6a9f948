"""Control of jobs: cancel, pause, resume, retry, reprioritise; every verb is safe to repeat."""

from fastapi import APIRouter

from api.web.bodies import OrderText
from api.web.callers import Caller
from api.web.depends import JobId, OwnJob, TheDesk
from api.web.orders import Priority, Resume, Retry, body_of, read
from api.web.problems import documented
from api.web.shapes import Job

router = APIRouter(prefix="/v1/jobs", tags=["jobs"])


@router.post("/{job}/cancel", summary="Cancel a job", responses=documented(403, 404, 503))
def cancel(job: JobId, desk: TheDesk, caller: Caller) -> Job:
    """No new work after this answers; running work stops within a step; what is done stays. Again: no change."""
    return Job.of(desk.control.cancel(job, caller=caller))


@router.post("/{job}/pause", summary="Pause a job", responses=documented(403, 404, 409, 503))
def pause(job: JobId, desk: TheDesk, caller: Caller) -> Job:
    """No new work until it is resumed; nothing is lost."""
    return Job.of(desk.control.pause(job, caller=caller))


@router.post(
    "/{job}/resume",
    summary="Resume a paused job",
    openapi_extra=body_of(Resume, required=False),
    responses=documented(403, 404, 408, 409, 413, 415, 422, 503),
)
def resume(job: OwnJob, text: OrderText, desk: TheDesk, caller: Caller) -> Job:
    """Work goes on where it was, with a raised budget if one is named."""
    return Job.of(desk.control.resume(job, caller=caller, budget=read(Resume, text).budget()))


@router.post("/{job}/webhook/resend", summary="Tell a job's end again", responses=documented(403, 404, 409, 503))
def resend(job: JobId, desk: TheDesk, caller: Caller) -> Job:
    """Under the same id, with all tries anew; for a receiver that was away too long."""
    return Job.of(desk.control.resend_webhook(job, caller=caller))


@router.post(
    "/{job}/retry",
    summary="Try refused variants again",
    openapi_extra=body_of(Retry, required=False),
    responses=documented(403, 404, 408, 409, 413, 415, 422, 503),
)
def retry(job: OwnJob, text: OrderText, desk: TheDesk, caller: Caller) -> Job:
    """Reopens a finished job's refused variants, and only those; all of them, or those of some causes or indexes."""
    return Job.of(desk.control.retry(job, caller=caller, among=read(Retry, text).selection()))


@router.post(
    "/{job}/priority",
    summary="Move a job to another lane",
    openapi_extra=body_of(Priority, required=True),
    responses=documented(403, 404, 408, 409, 413, 415, 422, 503),
)
def priority(job: OwnJob, text: OrderText, desk: TheDesk, caller: Caller) -> Job:
    """Within seconds: what is in work is finished where it is, what comes next waits in the new lane."""
    return Job.of(desk.control.prioritise(job, read(Priority, text).lane, caller=caller))
