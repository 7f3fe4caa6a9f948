"""A watcher loses no event, whatever happens to its connection, and does not wait for ever."""

import pytest

from api.cli.client import Client
from api.cli.sse import RECONNECTS, events, parse
from jobs.errors import NotFound, WorldsFault
from tests.cli.conftest import Call, Canned, an_event


def test_comments_unknown_fields_and_split_data_are_understood() -> None:
    lines = [
        ": alive",
        "",
        "retry: 10",
        "id: 1-0",
        "event: settled",
        'data: {"indexes":',
        'data: "3"}',
        "",
        "data: x",
        "",
    ]

    found = list(parse(lines))

    assert [(event.id, event.kind, dict(event.data)) for event in found] == [
        ("1-0", "settled", {"indexes": "3"}),
        ("", "message", {"text": "x"}),
    ]


def test_an_event_that_was_cut_off_is_not_handed_out() -> None:
    assert list(parse(["id: 1-0", "event: settled", 'data: {"indexes": "3"}'])) == []


def test_a_broken_stream_goes_on_after_the_last_event_that_was_seen(canned: Canned) -> None:
    seen: list[str | None] = []

    def first(call: Call) -> None:
        call.stream(an_event(1, "queued", count="2"))

    def second(call: Call) -> None:
        seen.append(call.headers["Last-Event-ID"])
        call.stream(an_event(2, "finished", state="succeeded"))

    canned.on("GET", "/v1/jobs/j1/events", first, second, lambda call: call.say(204, b""))

    with Client(canned.url) as client:
        kinds = [event.kind for event in events(client, "j1", sleep=lambda _: None)]

    assert kinds == ["queued", "finished"]
    assert seen == ["1-0"]


def test_watching_gives_up_after_so_many_tries_that_bring_nothing(canned: Canned) -> None:
    canned.on("GET", "/v1/jobs/j1/events", lambda call: call.say(502, b"bad gateway"))
    waits: list[float] = []

    with Client(canned.url) as client, pytest.raises(WorldsFault, match="no API at"):
        list(events(client, "j1", sleep=waits.append))

    assert len(waits) == RECONNECTS
    assert max(waits) <= 8


def test_a_job_that_nobody_has_ends_the_watching_at_once(canned: Canned) -> None:
    with Client(canned.url) as client, pytest.raises(NotFound):
        list(events(client, "j9", sleep=lambda _: pytest.fail("asked again")))
