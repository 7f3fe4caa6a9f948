"""Workers: who is there to render."""

from fastapi import APIRouter

from api.web.depends import TheDesk
from api.web.problems import documented
from api.web.shapes import Worker, WorkerList

router = APIRouter(prefix="/v1/workers", tags=["workers"])


@router.get("", summary="List workers", responses=documented(503))
def workers(desk: TheDesk) -> WorkerList:
    """The workers that were seen lately, by name."""
    return WorkerList(workers=[Worker.of(view) for view in desk.workers()])
