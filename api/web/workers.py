"""Workers: who is there to render."""

from typing import Annotated

from fastapi import APIRouter, Path

from api.web.callers import Caller, Operator
from api.web.depends import TheDesk
from api.web.problems import documented
from api.web.worker_shapes import Worker, WorkerList
from jobs.errors import NotFound
from jobs.ledger.holdings import chunks_by_worker

router = APIRouter(prefix="/v1/workers", tags=["workers"])


@router.get("", summary="List workers", responses=documented(503))
def workers(desk: TheDesk, caller: Caller) -> WorkerList:
    """The workers that were seen lately, by name; of other callers' jobs only how many each holds."""
    chunks = chunks_by_worker(desk.book)

    def own(job: str) -> bool:
        try:
            return desk.get(job, caller=caller).caller == caller
        except NotFound:
            return False

    shown = (Worker.of(view, chunks.get(view.id, ()), caller=caller, own=own) for view in desk.workers())
    return WorkerList(workers=list(shown))


WorkerId = Annotated[str, Path(max_length=200, description="as `GET /v1/workers` lists it")]


@router.post("/{worker}/drain", summary="Let a worker run empty", responses=documented(403, 404, 422, 503))
def drain(worker: WorkerId, desk: TheDesk, operator: Operator) -> WorkerList:
    """It finishes what is in flight, gives the rest back and takes no more work, until it is resumed or ends."""
    desk.book.drain(worker, wanted=True)
    return workers(desk, operator.caller)


@router.post("/{worker}/resume", summary="Let a drained worker work again", responses=documented(403, 404, 422, 503))
def resume(worker: WorkerId, desk: TheDesk, operator: Operator) -> WorkerList:
    """It takes work again within a tick."""
    desk.book.drain(worker, wanted=False)
    return workers(desk, operator.caller)
