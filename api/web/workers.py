"""Workers: who is there to render."""

from typing import Annotated

from fastapi import APIRouter, Path

from api.web.callers import Caller
from api.web.depends import TheDesk
from api.web.problems import documented
from api.web.shapes import Worker, WorkerList

router = APIRouter(prefix="/v1/workers", tags=["workers"])


@router.get("", summary="List workers", responses=documented(503))
def workers(desk: TheDesk) -> WorkerList:
    """The workers that were seen lately, by name."""
    return WorkerList(workers=[Worker.of(view) for view in desk.workers()])


WorkerId = Annotated[str, Path(max_length=200, description="as `GET /v1/workers` lists it")]


@router.post("/{worker}/drain", summary="Let a worker run empty", responses=documented(403, 404, 422, 503))
def drain(worker: WorkerId, desk: TheDesk, caller: Caller) -> WorkerList:
    """It finishes what is in flight, gives the rest back and takes no more work, until it is resumed or ends."""
    del caller  # asked for its guard
    desk.book.drain(worker, wanted=True)
    return workers(desk)


@router.post("/{worker}/resume", summary="Let a drained worker work again", responses=documented(403, 404, 422, 503))
def resume(worker: WorkerId, desk: TheDesk, caller: Caller) -> WorkerList:
    """It takes work again within a tick."""
    del caller
    desk.book.drain(worker, wanted=False)
    return workers(desk)
