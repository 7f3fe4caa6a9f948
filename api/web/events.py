"""What happens to a job, as server-sent events: the id is the ledger's own, so whoever comes back loses nothing."""

import re
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated, cast

from fastapi import APIRouter, Depends, Header, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse
from starlette.types import Send

from api.access import Identity
from api.web.callers import Caller, Who
from api.web.depends import JobId, TheDesk
from api.web.problems import documented
from api.web.standing import Standing
from api.web.watches import Watches
from jobs.errors import InvalidSpec, Problem
from jobs.events import KINDS

router = APIRouter(tags=["events"])

_ID = re.compile(r"[0-9]{1,19}(-[0-9]{1,19})?")
_HEADERS = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
_TOLD = "\n".join(f"- `{kind}`: {told}" for kind, told in KINDS.items())


_EVENT = {"type": "object", "properties": {field: {"type": "string"} for field in ("id", "event", "data")}}


class EventText(StreamingResponse):
    """Server-sent events that are encoded already; FastAPI's own class would encode them for each watcher."""

    media_type = "text/event-stream"

    async def stream_response(self, send: Send) -> None:
        """Send them; whoever goes away while something is sent leaves the job's watchers at once."""
        async with aclosing(cast("AsyncGenerator[bytes]", self.body_iterator)):
            await super().stream_response(send)


class NothingFollows(Exception):
    """The job is over and the watcher has seen all of it."""


async def nothing_follows(_: Request, __: Exception) -> Response:
    """The answer to `NothingFollows`."""
    return Response(status_code=204)


def after_id(
    after: Annotated[str, Query(description="events that follow this id; 0 for all that are kept")] = "0",
    last_event_id: Annotated[str, Header(description="the same, as browsers send it; beats `after`")] = "",
) -> str:
    """Where to begin.

    Raises:
        InvalidSpec: not the id of an event.

    """
    said, path = (last_event_id, "Last-Event-ID") if last_event_id else (after, "after")
    if not _ID.fullmatch(said):
        problem = Problem(path, "not the id of an event", ascii(said)[:200], "Send an id as it came, or 0.")
        raise InvalidSpec([problem], source="the call")
    return said


async def beginning(job: JobId, desk: TheDesk, caller: Caller, after: Annotated[str, Depends(after_id)]) -> str:
    """Where to begin, once it is known that there is something to watch; all answers but 200 are given here.

    Raises:
        NotFound: no such job.
        NothingFollows: the job is over, and nothing lies after that id.

    """
    view = await run_in_threadpool(desk.get, job, caller=caller)
    if view.state.terminal and view.written and not await run_in_threadpool(desk.events, job, after=after, limit=1):
        raise NothingFollows
    return after


def _watches(request: Request) -> Watches:
    return cast("Watches", request.app.state.watches)


def _standing(request: Request) -> Standing:
    return cast("Standing", request.app.state.standing)


async def _while_good(texts: AsyncGenerator[bytes], who: Identity, standing: Standing) -> AsyncGenerator[bytes]:
    """The texts, until the key or session that asked for them is over."""
    async with aclosing(texts):
        async for text in texts:
            if not await standing.good(who):
                return
            yield text


@router.get(
    "/v1/jobs/{job}/events",
    summary="Watch a job",
    response_class=EventText,
    responses=documented(404, 422, 503)
    | {
        200: {"content": {EventText.media_type: {"schema": _EVENT}}},
        204: {"description": "The job is over, and nothing follows that id: don't come back."},
    },
    description="Server-sent events, until the job's results are written. `data` is a JSON object of strings. A stream "
    "that breaks is resumed with `Last-Event-ID`. A comment comes every 15 s where nothing happens. It "
    "ends within half a minute of the key or session that it was asked for with.\n\n" + _TOLD,
)
async def events(
    job: JobId,
    after: Annotated[str, Depends(beginning)],
    who: Who,
    watches: Annotated[Watches, Depends(_watches)],
    standing: Annotated[Standing, Depends(_standing)],
) -> EventText:
    """Each event of the job, as it happens; the same bytes for all its watchers."""
    return EventText(_while_good(watches.texts(job, after=after), who, standing), headers=_HEADERS)
