"""The app: routes, problems, headers and the OpenAPI document, put together from a desk."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from time import monotonic
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi_offline import FastAPIOffline
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.desk import Desk
from api.gallery.viewing import Viewing
from api.gauges import Gauges
from api.stability.door import Door
from api.stability.grpc_web import GrpcWeb
from api.stability.status import described
from api.web import (
    bulk,
    control,
    events,
    failures,
    grid,
    health,
    jobs,
    keys,
    limits,
    login,
    marks,
    metrics,
    models,
    overview,
    pages,
    plan,
    problems,
    results,
    schema,
    upkeep,
    uploads,
    variants,
    workers,
)
from api.web.metrics import Measured
from api.web.standing import Standing
from api.web.watches import Watches
from jobs import __version__

_ABOUT = """Repaints pictures by prompt, in bulk, unattended.

Submit a **job spec** (init images × a sweep over parameters), watch its **events**, page through its **results**.
Every error is `application/problem+json` with a stable `code`; a spec's problems come all at once.

Clients of Stability's generation protocol call this port, too, over gRPC-Web, and over native gRPC where
`PENTIMENTO_GRPC_PORT` says; `proto/README.md` tells what is spoken. Their calls end with these statuses:

"""


class PlainHeaders:
    """Adds `nosniff` to every answer: nothing that is stored here may run as a page."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One call."""

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["X-Content-Type-Options"] = "nosniff"
            await send(message)

        await self.app(scope, receive, sending if scope["type"] == "http" else send)


def create_app(desk: Desk) -> FastAPI:
    """The HTTP API over `desk`. Opens nothing; `app.state.watches` is closed when the app goes down."""
    # The page at /docs with its scripts from here: FastAPI's own takes them from a network that may not be there.
    app = FastAPIOffline(
        redoc_url=None,
        title="pentimento",
        version=__version__,
        description=_ABOUT + described(),
        lifespan=_lifespan,
        redirect_slashes=False,
    )
    app.state.desk = desk
    app.state.gauges = Gauges(desk, monotonic)
    app.state.gallery = Viewing(desk)
    app.state.watches = Watches(partial(_read, desk), desk.feed.newest, partial(_over, desk))
    app.state.standing = Standing(desk.gate.stands, monotonic)
    app.state.door = Door(desk, app.state.watches, app.state.standing.good)
    app.add_middleware(GrpcWeb, door=app.state.door)
    app.add_middleware(PlainHeaders)
    app.add_middleware(Measured)
    problems.install(app)
    app.add_exception_handler(404, pages.nowhere)
    app.add_exception_handler(events.NothingFollows, events.nothing_follows)
    for noun in (
        bulk,
        jobs,
        plan,
        control,
        results,
        failures,
        grid,
        variants,
        marks,
        events,
        uploads,
        workers,
        models,
        keys,
        limits,
        login,
        schema,
        overview,
        upkeep,
        health,
        metrics,
        pages,
    ):
        app.include_router(noun.router)
    app.include_router(plan.lint_router)
    app.openapi = _with_the_spec(app)  # type: ignore[method-assign]  # FastAPI's own way to extend the document
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    yield
    app.state.watches.close()


def _read(desk: Desk, job: str, after: str, limit: int) -> Any:  # noqa: ANN401
    return desk.events(job, after=after, limit=limit)


def _over(desk: Desk, job: str) -> bool:
    return desk.over(job)


def _without_what_never_comes(document: dict[str, Any]) -> None:
    """FastAPI documents its own 422 on every route with a parameter; ours that can answer so say it themselves."""
    for methods in document["paths"].values():
        for route in methods.values():
            if "HTTPValidationError" in str(route["responses"].get("422")):
                del route["responses"]["422"]
    for name in ("HTTPValidationError", "ValidationError"):
        document["components"]["schemas"].pop(name, None)


def _with_the_spec(app: FastAPI) -> Callable[[], dict[str, Any]]:
    """The OpenAPI document with the job spec's schema, which no route declares: they read bodies in pieces."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
            _without_what_never_comes(document)
            document["components"]["schemas"] |= schema.components() | problems.components()
            app.openapi_schema = document
        return app.openapi_schema

    return openapi
