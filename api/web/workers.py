"""Workers: who is there to render."""

from typing import Annotated

from fastapi import APIRouter, Path

from api.web.callers import Operator, Whose
from api.web.depends import TheDesk
from api.web.problems import documented
from api.web.worker_shapes import Worker, WorkerList
from jobs.ledger.holdings import chunks_by_worker

router = APIRouter(prefix="/v1/workers", tags=["workers"])


@router.get("", summary="List workers", responses=documented(503))
def workers(desk: TheDesk, caller: Whose) -> WorkerList:
    """Those that were seen lately, by name; of other callers' jobs (but for `admin`) only how many each holds."""
    chunks = chunks_by_worker(desk.book)

    def own(job: str) -> bool:
        owner = desk.book.owner(job)
        return bool(owner) and caller in {None, owner}

    shown = (Worker.of(view, chunks.get(view.id, ()), caller=caller, own=own) for view in desk.workers())
    return WorkerList(workers=list(shown))


WorkerId = Annotated[str, Path(max_length=200, description="as `GET /v1/workers` lists it")]


@router.post("/{worker}/drain", summary="Let a worker run empty", responses=documented(403, 404, 422, 503))
def drain(worker: WorkerId, desk: TheDesk, _operator: Operator) -> WorkerList:
    """It finishes what is in flight, gives the rest back and takes no more work, until it is resumed or ends."""
    desk.book.drain(worker, wanted=True)
    return workers(desk, None)


@router.post("/{worker}/resume", summary="Let a drained worker work again", responses=documented(403, 404, 422, 503))
def resume(worker: WorkerId, desk: TheDesk, _operator: Operator) -> WorkerList:
    """It takes work again within a tick."""
    desk.book.drain(worker, wanted=False)
    return workers(desk, None)
