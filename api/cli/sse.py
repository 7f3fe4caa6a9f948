"""A job's events over HTTP, one after another, over broken connections: Last-Event-ID says where to go on."""

import json
import time
from collections.abc import Callable, Iterable, Iterator

import httpx

from api.cli.client import GONE, Client, error_of, no_api
from jobs.errors import WorldsFault
from jobs.events import Event

# The API sends a comment every 15 s or so on a quiet feed; three of them missing is a dead connection.
QUIET_SECONDS = 50
# Tries in a row that bring no event, before watching gives up: about a minute in all.
RECONNECTS = 8


def events(
    client: Client, job: str, *, after: str = "", sleep: Callable[[float], None] = time.sleep
) -> Iterator[Event]:
    """Events of `job` after the id `after`, until the API says that nothing more will follow.

    Raises:
        WorldsFault: the API was away for RECONNECTS tries in a row.
        NotFound: no such job.

    """
    failures = 0
    while True:
        try:
            for event in _connection(client, job, after):
                failures, after = 0, event.id or after
                yield event
            trouble: Exception = WorldsFault("the feed ended")
        except httpx.TransportError as error:
            trouble = error
        except _Away as error:
            trouble = error
        except _Over:
            return
        failures += 1
        if failures > RECONNECTS:
            raise no_api(client.url, trouble) from trouble
        sleep(min(8.0, 0.25 * 2**failures))


class _Over(Exception):
    """The job is over, and nothing follows."""


class _Away(Exception):
    """A gateway answered for an API that is away."""


def _connection(client: Client, job: str, after: str) -> Iterator[Event]:
    headers = {"Accept": "text/event-stream"} | ({"Last-Event-ID": after} if after else {})
    timeout = httpx.Timeout(QUIET_SECONDS, connect=5)
    path = f"/v1/jobs/{job}/events"
    with client.http.stream("GET", path, headers=headers, timeout=timeout) as reply:
        if reply.status_code in GONE:
            raise _Away(f"status {reply.status_code}")
        if reply.status_code == httpx.codes.NO_CONTENT:
            raise _Over
        if reply.is_error:
            reply.read()
            raise error_of(reply.status_code, _body(reply))
        yield from parse(reply.iter_lines())


def parse(lines: Iterable[str]) -> Iterator[Event]:
    """The events in a text/event-stream; comments and fields that we don't know are passed over."""
    fields: dict[str, str] = {}
    for line in lines:
        if line == "":
            if "data" in fields:
                yield Event(fields.get("id", ""), fields.get("event", "message"), _strings(fields["data"]))
            fields = {}
            continue
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "data" and "data" in fields:
            value = f"{fields['data']}\n{value}"
        if name:
            fields[name] = value


def _strings(data: str) -> dict[str, str]:
    try:
        body = json.loads(data)
    except ValueError:
        return {"text": data}
    if not isinstance(body, dict):
        return {"text": data}
    return {str(name): said if isinstance(said, str) else json.dumps(said) for name, said in body.items()}


def _body(reply: httpx.Response) -> dict[str, object]:
    try:
        body = reply.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}
