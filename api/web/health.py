"""Health: whether this process lives, and whether it can do its work."""

from fastapi import APIRouter, Response
from fastapi.responses import PlainTextResponse

from api.web.depends import TheDesk
from api.web.shapes import CheckResult, Readiness

router = APIRouter(tags=["health"])


@router.get("/livez", summary="Whether this process answers", response_class=PlainTextResponse)
async def livez() -> str:
    """Depends on nothing: a probe that restarts the process must not restart it because Redis is away."""
    return "ok"


@router.get(
    "/readyz",
    summary="Whether jobs can be accepted",
    responses={503: {"model": Readiness, "description": "A check failed; `failed` names it"}},
)
def readyz(desk: TheDesk, response: Response) -> Readiness:
    """The ledger and the storage, at most two seconds old."""
    checks = desk.readiness()
    failed = [check.name for check in checks if not check.ok]
    if failed:
        response.status_code = 503
    return Readiness(ready=not failed, failed=failed, checks=[CheckResult.of(check) for check in checks])
