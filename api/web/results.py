"""Results: outcomes page by page, and the contact sheet."""

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import RedirectResponse, Response

from api.results import MOST_RECORDS, ResultsPage
from api.web.answers import AGAIN, picture
from api.web.callers import Caller
from api.web.depends import JobId, TheDesk
from api.web.problems import documented
from jobs.ledger.marks import Mark

router = APIRouter(prefix="/v1/jobs/{job}", tags=["results"])


@router.get("/results", summary="Outcomes, page by page", responses=documented(404, 422, 503))
def results(
    job: JobId,
    desk: TheDesk,
    caller: Caller,
    cursor: Annotated[str, Query(description="`next_cursor` of the page before")] = "",
    limit: Annotated[int, Query(ge=1, le=MOST_RECORDS)] = 100,
    mark: Annotated[Mark | None, Query(description="only pictures that bear it")] = None,
) -> ResultsPage:
    """The variants that have an outcome, in the order of their indexes, each picture with a link for 15 minutes."""
    return desk.results(job, caller=caller, cursor=cursor, limit=limit, mark=mark)


@router.get(
    "/sheet",
    summary="The contact sheet",
    response_class=RedirectResponse,
    status_code=307,
    responses=documented(404, 422, 503)
    | {
        200: {"description": "With `download`", "content": {"image/png": {}}},
        307: {"description": "To a URL that gives the sheet for 15 minutes"},
    },
)
def sheet(
    job: JobId,
    desk: TheDesk,
    caller: Caller,
    *,
    download: Annotated[bool, Query(description="as a file to save, and not as a link")] = False,
) -> Response:
    """All pictures at a glance, once the job is finished and written."""
    if download:
        return picture(desk.sheet_bytes(job, caller=caller), "image/png", download=f"{job}-sheet.png", keep=AGAIN)
    return RedirectResponse(desk.sheet(job, caller=caller), status_code=307, headers={"Cache-Control": "no-store"})
