"""Why a job or a variant waits or failed is said in sentences that a person can act on."""

from dataclasses import replace

import httpx
import pytest

from jobs.ledger.views import GiveBack, WorkerView
from tests.api.conftest import Hands, accepted


def why(http: httpx.Client, job: str, index: int | None = None) -> tuple[str, str]:
    """The state and the sentences in one text."""
    answer = http.get(f"/v1/jobs/{job}/why", params={} if index is None else {"index": index})
    assert answer.status_code == 200, answer.text
    return answer.json()["state"], " ".join(answer.json()["sentences"])


def announce(hands: Hands, worker: str = "w1", *, models: tuple[str, ...] = ("tiny",), busy: int = 0) -> None:
    hands.leasing.announce(WorkerView(worker, "cpu", "paced", models, slots=1, busy=busy, seen_at=0, rendered=0))


def test_a_job_without_workers_says_so_from_planning_on(http: httpx.Client, hands: Hands) -> None:
    job = accepted(http)
    planning = why(http, job)
    hands.plan(job)

    queued = why(http, job)

    assert planning[0] == "planning"
    assert "No worker is there to plan it" in planning[1]
    assert queued[0] == "queued"
    assert "No worker is there: start one" in queued[1]


def test_a_model_that_no_worker_has_is_named_with_what_the_workers_have(http: httpx.Client, hands: Hands) -> None:
    job = accepted(http)
    hands.plan(job)
    announce(hands, models=("sdxl",))

    assert "No worker has the model tiny: w1 has sdxl." in why(http, job)[1]


def test_a_model_that_comes_in_from_a_hub_is_named_with_what_is_there_of_it(http: httpx.Client, hands: Hands) -> None:
    job = accepted(http)
    hands.plan(job)
    view = WorkerView("w1", "cpu", "local", ("tiny", "sdxl"), slots=1, busy=1, seen_at=0, rendered=0)
    hands.leasing.announce(replace(view, loading=(("sdxl", 1), ("tiny", 3_140_000_000))))
    hands.lease(chunk=4)

    whole, one = why(http, job)[1], why(http, job, 0)[1]
    shown = http.get("/v1/workers").json()["workers"][0]["loading"]

    said = "The worker w1 loads the model tiny, of which 3.1 GB have come from the hub."
    assert said in whole
    assert said in one
    assert "loads the model sdxl" not in whole + one  # which is no matter of this job's
    assert shown == {"sdxl": 1, "tiny": 3_140_000_000}


def test_a_paused_job_says_who_paused_it_and_how_it_goes_on(http: httpx.Client, hands: Hands) -> None:
    job = accepted(http)
    hands.plan(job)
    http.post(f"/v1/jobs/{job}/pause")

    state, said = why(http, job)

    assert state == "paused"
    assert said == f"The job is paused: paused by the caller. `pentimento resume {job}` lets it go on."


def test_every_variant_of_a_job_at_work_knows_where_it_stands(http: httpx.Client, hands: Hands) -> None:
    announce(hands, busy=1)
    job = accepted(http)
    hands.plan(job)
    first = hands.lease(chunk=4)
    hands.leasing.settle(first, [0])
    hands.leasing.refuse(first, 1, code="bad_image", message="truncated after 12 bytes (gave up after 4 tries)")
    hands.leasing.release(first, [(GiveBack(2, 4, 60, 2), "unreachable", "no route")], chunk=None)
    second = hands.lease(chunk=3)
    hands.leasing.beat(second, in_flight=[4], lease_seconds=30, max_age_seconds=300)

    found = {index: why(http, job, index) for index in (0, 1, 3, 4, 5, 9)}

    assert {index: state for index, (state, _) in found.items()} == {
        0: "settled", 1: "refused", 3: "waiting", 4: "leased", 5: "leased", 9: "pending",
    }  # fmt: skip
    assert "bad_image. truncated after 12 bytes (gave up after 4 tries)" in found[1][1]
    assert "Variants 2 to 3 may be leased again not before" in found[3][1]
    assert "after 2 tries" in found[3][1]
    assert "The worker w1 holds Variants 4 to 6 since 0 s (1 in flight)" in found[4][1]
    assert "not in flight yet" in found[5][1]
    assert "All places of the workers that could do it are taken (1 of 1)." in found[9][1]
    assert "2 variants of the job come before it" in found[9][1]


def test_a_job_says_what_comes_before_it(http: httpx.Client, hands: Hands) -> None:
    announce(hands)
    urgent, first, second = accepted(http, run={"priority": "urgent"}), accepted(http), accepted(http)
    for job in (urgent, first, second):
        hands.plan(job)
    hands.lease(chunk=2)

    said = why(http, second)[1]

    assert "It is behind 1 leases of higher lanes." in said
    assert "1 older jobs of the same caller come first." in said


def test_a_variant_that_the_spec_excludes_says_so(http: httpx.Client, hands: Hands) -> None:
    job = accepted(http, exclude=[{"strength": 0.3}])
    hands.plan(job)

    assert why(http, job, 0) == ("excluded", "The spec excludes this variant: it is never made.")


def test_a_cancelled_jobs_open_variants_are_never_made(http: httpx.Client, hands: Hands) -> None:
    job = accepted(http)
    hands.plan(job)
    http.post(f"/v1/jobs/{job}/cancel")

    assert "The job is over: cancelled" in why(http, job, 3)[1]
    assert "It has no picture" in why(http, job, 3)[1]


@pytest.mark.parametrize(("index", "status"), [("10", 404), ("-1", 422), ("x", 422), ("99999999999999999999", 422)])
def test_an_index_that_the_job_has_not_got_is_told(http: httpx.Client, index: str, status: int) -> None:
    job = accepted(http)

    assert http.get(f"/v1/jobs/{job}/why", params={"index": index}).status_code == status
