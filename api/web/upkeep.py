"""Upkeep of the deployment: what an operator asks for."""

from fastapi import APIRouter

from api.doctor import examine
from api.pruning import prune
from api.recovery import recover_all, recover_one
from api.web.bodies import OrderText
from api.web.callers import Onlooker, Operator
from api.web.depends import TheDesk
from api.web.orders import Prune, Recover, body_of, read
from api.web.problems import documented
from api.web.shapes import Gone, RecoveredJob, Recovery, Report

router = APIRouter(prefix="/v1", tags=["upkeep"])


@router.post(
    "/prune",
    summary="Take finished jobs away",
    openapi_extra=body_of(Prune, required=True),
    responses=documented(403, 408, 413, 415, 422, 503),
)
def prune_jobs(text: OrderText, desk: TheDesk, operator: Operator) -> Gone:
    """Jobs that finished long enough ago, some seconds' worth a call; ask again while `more` is true.

    Their results stay in storage unless `objects` is said; a job that is asked for afterwards is 404 and says where.
    """
    made = prune(desk, read(Prune, text).choice(), caller=None if operator.everywhere else operator.caller)
    return Gone(jobs=list(made.jobs), objects=made.objects, more=made.more)


@router.get("/doctor", summary="What is wrong, and what to do about it", responses=documented(503))
def doctor(desk: TheDesk, _onlooker: Onlooker) -> Report:
    """Redis, storage, workers, models, tickets, duties, leases, jobs; answers also when everything is away."""
    return Report.of(examine(desk))


@router.post("/doctor/repair", summary="Repair what is safe to repair", responses=documented(403))
def repair(desk: TheDesk, _operator: Operator) -> Report:
    """As `GET /v1/doctor`; besides, expired leases are reaped, tickets sent, lost duties put back. Safe to repeat."""
    return Report.of(examine(desk, repair=True))


@router.post(
    "/recover",
    summary="Bring jobs back from storage",
    openapi_extra=body_of(Recover, required=False),
    responses=documented(403, 404, 408, 409, 413, 415, 422, 503),
)
def recover(text: OrderText, desk: TheDesk, _operator: Operator) -> Recovery:
    """After Redis lost its state: one job by its folder, or all below the output URI, some seconds' worth a call.

    Jobs that the ledger has are left as they are. Call again with `next_cursor` until it is null; that ends the alarm.
    """
    order = read(Recover, text)
    if order.uri:
        found = recover_one(desk, order.uri)
        return Recovery(jobs=[RecoveredJob.of(found)], skipped=[], next_cursor=None)
    made = recover_all(desk, cursor=order.cursor)
    jobs = [RecoveredJob.of(one) for one in made.jobs]
    return Recovery(jobs=jobs, skipped=list(made.skipped), next_cursor=made.next_cursor)
