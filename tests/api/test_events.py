"""Watching a job over a real connection."""

import json
import threading
import time
from collections.abc import Generator
from typing import cast

import httpx
import pytest
from fastapi import FastAPI

from api.web import watches
from jobs.settings import Settings
from tests.api.conftest import Hands, Running, accepted, running


def _watch(http: httpx.Client, job: str, **headers: str) -> Generator[dict[str, str]]:
    """Events as they come: id, event, data."""
    with http.stream("GET", f"/v1/jobs/{job}/events", headers=headers) as answer:
        assert answer.status_code == 200, answer.read()
        assert answer.headers["content-type"].startswith("text/event-stream")
        event: dict[str, str] = {}
        for line in answer.iter_lines():
            if line.startswith(":"):
                continue
            if line:
                name, _, value = line.partition(": ")
                event[name] = value
            elif event:
                yield event
                event = {}


def _finished(http: httpx.Client, hands: Hands) -> str:
    job = accepted(http)
    hands.finish()
    hands.plan(job)
    hands.render(hands.lease(), part=3)
    hands.finish()
    return job


def test_a_stream_tells_everything_and_ends_when_the_results_are_written(http: httpx.Client, hands: Hands) -> None:
    job = _finished(http, hands)

    events = list(_watch(http, job))

    kinds = [event["event"] for event in events]
    assert kinds[:3] == ["accepted", "queued", "started"]
    assert kinds[-2:] == ["finished", "written"]
    assert json.loads(events[0]["data"]) == {"caller": "default", "lane": "normal"}
    assert all(event["id"] for event in events)


def test_events_come_while_they_happen(http: httpx.Client, hands: Hands) -> None:
    job = accepted(http)
    events = _watch(http, job)
    first = next(events)["event"]
    hands.plan(job)
    second = next(events)["event"]
    hands.render(hands.lease())
    hands.finish()

    rest = [event["event"] for event in events]

    assert (first, second) == ("accepted", "queued")
    assert rest[0] == "started"
    assert rest[-1] == "written"


@pytest.mark.parametrize("by_header", [True, False])
def test_a_watcher_that_comes_back_with_its_last_id_loses_and_doubles_nothing(
    http: httpx.Client, hands: Hands, by_header: bool
) -> None:
    job = _finished(http, hands)
    whole = list(_watch(http, job))

    for place, event in enumerate(whole[:-1]):
        if by_header:
            rest = list(_watch(http, job, **{"Last-Event-ID": event["id"]}))
        else:
            rest = list(_watch(http, f"{job}/events?after={event['id']}#"))

        assert rest == whole[place + 1 :]


def test_a_watcher_that_has_seen_all_is_told_not_to_come_back(http: httpx.Client, hands: Hands) -> None:
    job = _finished(http, hands)
    last = list(_watch(http, job))[-1]["id"]

    answer = http.get(f"/v1/jobs/{job}/events", headers={"Last-Event-ID": last})

    assert answer.status_code == 204


@pytest.mark.parametrize("after", ["x", "-1", "1-2-3", "$", "+", "9" * 30])
def test_an_id_that_is_none_is_refused(http: httpx.Client, after: str) -> None:
    job = accepted(http)

    answer = http.get(f"/v1/jobs/{job}/events", headers={"Last-Event-ID": after})

    assert answer.status_code == 422
    assert answer.json()["problems"][0]["path"] == "Last-Event-ID"


def test_many_watchers_of_a_job_share_one_poll_and_leave_nothing_behind(
    http: httpx.Client, hands: Hands, served: Running
) -> None:
    job = accepted(http)
    relays = cast("FastAPI", served.server.config.app).state.watches._relays
    many = [_watch(http, job) for _ in range(5)]
    for events in many:
        next(events)

    watchers = [relay.watchers for relay in relays.values()]
    for events in many:
        events.close()

    assert watchers == [5]
    deadline = time.monotonic() + 10
    while relays and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not relays


def test_watchers_from_anywhere_see_every_event_once_and_in_order(http: httpx.Client, hands: Hands) -> None:
    job = accepted(http, samples=300)
    hands.plan(job)
    lease = hands.lease(chunk=512)
    seen: list[list[str]] = [[] for _ in range(4)]
    begun = threading.Semaphore(0)

    def watch(place: int) -> None:
        with httpx.Client(base_url=http.base_url, timeout=30, trust_env=False) as mine:
            for event in _watch(mine, job):
                begun.release()
                seen[place].append(event["id"])

    threads = [threading.Thread(target=watch, args=(place,), daemon=True) for place in range(4)]
    # The first watcher names an id that is still to come: it must keep nobody else waiting.
    with http.stream("GET", f"/v1/jobs/{job}/events", params={"after": "99999999999999-0"}):
        for place, thread in enumerate(threads):
            thread.start()
            assert begun.acquire(timeout=20)
            hands.leasing.settle(lease, [place])
        for index in range(len(threads), lease.stop):
            hands.leasing.settle(lease, [index])
        hands.leasing.release(lease, [], chunk=None)
        hands.render(hands.lease(chunk=512))
        hands.finish()
        for thread in threads:
            thread.join(60)

    whole = [event.id for event in hands.desk.feed.read(job, limit=5000)]
    assert len(whole) > 300
    assert seen == [whole] * 4


def test_a_retried_job_is_watched_on_beyond_its_first_end(http: httpx.Client, hands: Hands) -> None:
    job = accepted(http)
    hands.finish()
    hands.plan(job)
    hands.render(hands.lease(), refuse=(3,))
    hands.finish()
    http.post(f"/v1/jobs/{job}/retry")
    events = _watch(http, job)
    kinds = [next(events)["event"]]
    while kinds[-1] != "resumed":
        kinds.append(next(events)["event"])
    hands.render(hands.lease())
    hands.finish()

    rest = [event["event"] for event in events]

    assert "written" in kinds
    assert rest[-1] == "written"


def test_a_quiet_stream_is_kept_alive(http: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watches, "QUIET_SECONDS", 0.05)
    job = accepted(http)

    with http.stream("GET", f"/v1/jobs/{job}/events") as answer:
        comment = next(line for line in answer.iter_lines() if line.startswith(":"))

    assert comment.startswith(":")


def test_going_down_ends_the_streams_within_seconds_and_they_resume_elsewhere(settings: Settings, hands: Hands) -> None:
    seen: list[str] = []
    with running(settings) as served, httpx.Client(base_url=served.url, timeout=20) as http:
        job = accepted(http)
        watching = threading.Event()

        def watch() -> None:
            for event in _watch(http, job):
                seen.append(event["id"])
                watching.set()

        thread = threading.Thread(target=watch)
        thread.start()
        assert watching.wait(10)
        begun = time.monotonic()
        served.stop()
        took = time.monotonic() - begun
        thread.join(10)
    hands.plan(job)

    with running(settings) as served, httpx.Client(base_url=served.url, timeout=20) as http:
        following = next(_watch(http, job, **{"Last-Event-ID": seen[-1]}))

    assert took < 4
    assert following["event"] == "queued"


def test_a_backlog_longer_than_a_batch_is_told_whole(
    http: httpx.Client, hands: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watches, "BATCH", 2)
    job = _finished(http, hands)

    told = [event["id"] for event in _watch(http, job)]

    assert told == [event.id for event in hands.desk.feed.read(job)]
