"""What Prometheus scrapes here, and what an autoscaler asks."""

import hmac
from time import perf_counter
from typing import Annotated, cast

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.gauges import Gauges
from api.web.callers import onlooker
from api.web.depends import TheDesk
from api.web.problems import documented
from api.web.shapes import Demand
from jobs.ledger.views import backend_mark
from jobs.ledger.wanted import wanted
from jobs.telemetry.carrying import CONTENT_TYPE
from jobs.telemetry.metrics import HTTP_SECONDS

router = APIRouter(tags=["health"])

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Measured:
    """Times every answer until it begins; a stream of events may go on for days after that."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One call."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began = perf_counter()

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                status = f"{message['status'] // 100}xx"
                route = getattr(scope.get("route"), "path", "none")
                method = scope["method"] if scope["method"] in _METHODS else "other"
                HTTP_SECONDS.labels(route, method, status).observe(perf_counter() - began)
            await send(message)

        await self.app(scope, receive, sending)


def monitor(request: Request, desk: TheDesk) -> None:
    """Whoever watches shows the metrics key, known without Redis and good for nothing else; operators need none.

    Raises:
        Unauthenticated, Forbidden: neither.

    """
    key = desk.settings.metrics_key.get_secret_value()
    said = request.headers.get("authorization", "").removeprefix("Bearer ")
    if not key or not hmac.compare_digest(said.encode(), key.encode()):
        onlooker(request)


def _gauges(request: Request) -> Gauges:
    return cast("Gauges", request.app.state.gauges)


@router.get(
    "/metrics",
    summary="Metrics of the whole farm, as Prometheus reads them",
    response_class=Response,
    responses=documented(),
    dependencies=[Depends(monitor)],
)
def metrics(gauges: Annotated[Gauges, Depends(_gauges)]) -> Response:
    """This API, the ledger, and what all workers count; `jobs/telemetry/metrics.py` is the table.

    Scrape one API, not each of several: they show the same farm.
    """
    return Response(gauges.page(), media_type=CONTENT_TYPE)


@router.get(
    "/v1/demand",
    summary="How much work there is for a kind of worker",
    responses=documented(422, 503),
    dependencies=[Depends(monitor)],
)
def demand(
    desk: TheDesk,
    backend: Annotated[str, Query(max_length=40, description="as PENTIMENTO_BACKEND of the workers")] = "local",
    models: Annotated[str, Query(max_length=4096, description="what they have, comma separated; empty: all")] = "",
) -> Demand:
    """For an autoscaler: `work` is 0 only where no worker of this kind is needed."""
    names = [name for name in models.split(",") if name] or list(desk.table.models)
    found = wanted(desk.book, offers=(*names, backend_mark(backend)))
    return Demand(chunks=found.chunks, leases=found.leases, duties=found.duties, work=found.work)
