"""The farm at a glance, and its last hour and day."""

from typing import Annotated

from fastapi import APIRouter, Query

from api.overview import History, Overview, history, overview
from api.web.callers import Caller, Whose
from api.web.depends import TheDesk
from api.web.problems import documented
from jobs.ledger.rings import Window

router = APIRouter(prefix="/v1/overview", tags=["workers"])


@router.get("", summary="The farm at a glance", responses=documented(503))
def glance(desk: TheDesk, caller: Whose) -> Overview:
    """Throughput, queue by lane, workers, failures, and the caller's jobs (with `admin` everybody's) by state."""
    return overview(desk, caller=caller)


@router.get("/history", summary="The last hour or day", responses=documented(422, 503))
def past(
    desk: TheDesk,
    caller: Caller,
    window: Annotated[Window, Query(description="hour: a point each 10 s; day: each 300 s")] = Window.HOUR,
) -> History:
    """Columns for a chart, over everybody's jobs, without names."""
    del caller  # asked for its guard
    return history(desk, window)
