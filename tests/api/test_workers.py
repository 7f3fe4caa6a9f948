"""One worker is drained and resumed by its name."""

from dataclasses import replace

import httpx

from jobs.ledger.views import Trouble, WorkerView
from tests.api.conftest import Hands, accepted

WORKER = WorkerView("w1", "cpu", "paced", ("tiny",), slots=2, busy=0, seen_at=0, rendered=0)


def test_a_drained_worker_hears_it_at_its_next_tick_and_again_when_it_is_resumed(
    http: httpx.Client, hands: Hands
) -> None:
    told = [hands.leasing.announce(WORKER)]
    shown = []

    for verb in ("drain", "drain", "resume"):
        shown.append(http.post(f"/v1/workers/w1/{verb}").json()["workers"][0]["drained"])
        told.append(hands.leasing.announce(WORKER))

    assert told == [False, True, True, False]
    assert shown == [True, True, False]


def test_a_worker_that_comes_again_is_not_drained_for_what_its_namesake_was_told(
    http: httpx.Client, hands: Hands
) -> None:
    hands.leasing.announce(WORKER)
    http.post("/v1/workers/w1/drain")

    hands.leasing.leave("w1")

    assert hands.leasing.announce(WORKER) is False


def test_a_worker_that_nobody_has_seen_is_not_found(http: httpx.Client) -> None:
    assert http.post("/v1/workers/w9/drain").status_code == 404
    assert http.post(f"/v1/workers/{'w' * 300}/drain").status_code == 422


def test_a_worker_tells_what_it_holds_how_fast_it_is_and_what_went_wrong(http: httpx.Client, hands: Hands) -> None:
    job = accepted(http)
    hands.plan(job)
    lease = hands.lease(chunk=8)
    hands.leasing.beat(lease, in_flight=[0, 1, 2], lease_seconds=30, max_age_seconds=600)
    trouble = Trouble(job, "unreachable", "<b>nobody</b> answers", 5.0)
    well = replace(WORKER, device_name="H200", memory_used=10, memory_limit=100, per_minute=12.5, trouble=trouble)
    hands.leasing.announce(well)
    hands.leasing.announce(replace(well, id="w2", memory_limit=0, trouble=replace(trouble, job="0" * 26)))

    mine, other = http.get("/v1/workers").json()["workers"]

    (chunk,) = mine["chunks"]
    assert {key: chunk[key] for key in ("job", "first", "last", "in_flight")} == {
        "job": job, "first": 0, "last": 7, "in_flight": 3,
    }  # fmt: skip
    assert (mine["in_flight"], mine["other_chunks"], mine["images_per_minute"]) == (3, 0, 12.5)
    assert (mine["device_name"], mine["memory_used"], mine["memory_total"]) == ("H200", 10, 100)
    assert (mine["last_error"]["code"], mine["last_error"]["message"]) == ("unreachable", "<b>nobody</b> answers")
    # Of a job that is not the caller's neither its id nor the words.
    assert (other["last_error"]["code"], other["last_error"]["job"], other["last_error"]["message"]) == (
        "unreachable", "", "",
    )  # fmt: skip
    assert other["memory_total"] is None
