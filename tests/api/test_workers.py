"""One worker is drained and resumed by its name."""

import httpx

from jobs.ledger.views import WorkerView
from tests.api.conftest import Hands

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
