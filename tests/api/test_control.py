"""Pausing, resuming, cancelling, trying again; and whose job it is."""

import httpx
import pytest

from jobs.ids import new_job_id
from jobs.ledger.book import Book
from jobs.settings import Settings
from jobs.state import Lane
from tests.api.conftest import Hands, accepted

UNKNOWN = new_job_id(0, bytes(10))
ROUTES = [
    ("GET", ""), ("GET", "/manifest"), ("GET", "/results"), ("GET", "/sheet"), ("GET", "/events"), ("GET", "/why"),
    ("POST", "/cancel"), ("POST", "/pause"), ("POST", "/resume"), ("POST", "/retry"), ("POST", "/priority"),
]  # fmt: skip


def test_a_page_of_another_site_changes_nothing(http: httpx.Client) -> None:
    job = accepted(http)

    answer = http.post(f"/v1/jobs/{job}/cancel", headers={"Sec-Fetch-Site": "cross-site"})

    assert answer.status_code == 403
    assert http.get(f"/v1/jobs/{job}", headers={"Sec-Fetch-Site": "cross-site"}).json()["state"] == "planning"


def test_a_job_is_paused_resumed_and_cancelled_as_often_as_one_likes(http: httpx.Client, hands: Hands) -> None:
    job = accepted(http)
    hands.plan(job)

    said = [http.post(f"/v1/jobs/{job}/{verb}") for verb in ("pause", "pause", "resume", "resume", "cancel", "cancel")]

    assert [answer.status_code for answer in said] == [200] * 6
    assert [answer.json()["state"] for answer in said] == ["paused"] * 2 + ["queued"] * 2 + ["cancelled"] * 2


def test_a_job_is_paused_while_it_is_planned(http: httpx.Client, hands: Hands) -> None:
    job = accepted(http)
    everything = {"action": "pause", "where": {}}
    possible = [http.post("/v1/jobs/bulk", json=everything).json()["possible"]]

    asked = http.post(f"/v1/jobs/{job}/pause").raise_for_status().json()
    possible.append(http.post("/v1/jobs/bulk", json=everything).json()["possible"])
    why = " ".join(http.get(f"/v1/jobs/{job}/why").json()["sentences"])
    hands.plan(job)

    assert (asked["state"], asked["reason"]) == ("planning", "paused by the caller")
    assert possible == [1, 0]
    assert f"Then it waits, paused by the caller: `pentimento resume {job}` lets it go on." in why
    assert http.get(f"/v1/jobs/{job}").json()["state"] == "paused"


def test_retry_reopens_what_was_refused(http: httpx.Client, hands: Hands) -> None:
    job = accepted(http)
    hands.plan(job)
    hands.render(hands.lease(), refuse=(1, 4))
    assert http.get(f"/v1/jobs/{job}").json()["causes"] == {"bad_image": 2}

    answer = http.post(f"/v1/jobs/{job}/retry")

    assert answer.status_code == 200
    assert (answer.json()["state"], answer.json()["open"], answer.json()["refused"]) == ("queued", 2, 0)


def test_retry_takes_causes_and_indexes(http: httpx.Client, hands: Hands) -> None:
    job = accepted(http)
    hands.plan(job)
    hands.render(hands.lease(), refuse=(1, 4, 7))

    other = http.post(f"/v1/jobs/{job}/retry", json={"causes": ["poison"]})
    some = http.post(f"/v1/jobs/{job}/retry", json={"causes": ["bad_image"], "indexes": "3-5, 7"})

    assert (other.status_code, some.status_code) == (409, 200)
    assert (some.json()["open"], some.json()["causes"]) == (2, {"bad_image": 1})


@pytest.mark.parametrize(
    "body",
    [
        {"indexes": "5-3"}, {"indexes": "x"}, {"indexes": "-1"}, {"indexes": ",".join(["1"] * 1001)}, {"index": "1"},
        {"causes": "bad_image"}, {"causes": ["bad image"]}, [], {"indexes": "9" * 13},
    ],
)  # fmt: skip
def test_a_selection_that_can_not_be_read_is_a_problem_and_changes_nothing(http: httpx.Client, body: object) -> None:
    job = accepted(http)

    answer = http.post(f"/v1/jobs/{job}/retry", json=body)

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_spec")
    assert answer.json()["problems"][0]["message"]


def test_a_spent_budget_is_a_conflict_until_it_is_raised(http: httpx.Client, hands: Hands) -> None:
    job = accepted(http, budget={"images": 4})
    hands.plan(job)
    hands.render(hands.lease())

    paused = http.get(f"/v1/jobs/{job}").json()
    said = [
        http.post(f"/v1/jobs/{job}/resume", json=body) for body in ({}, {"images": 0}, {"images": 8}, {"images": 8})
    ]

    assert (paused["state"], paused["budget_images"], paused["settled"]) == ("paused", 4, 4)
    assert [answer.status_code for answer in said] == [409, 422, 200, 200]
    assert "the budget of 4 images is spent" in said[0].json()["detail"]
    assert said[3].json()["budget_images"] == 8


def test_a_job_is_moved_to_another_lane_until_it_is_over(http: httpx.Client) -> None:
    job = accepted(http)

    moved = [http.post(f"/v1/jobs/{job}/priority", json={"lane": lane}) for lane in ("urgent", "urgent", "soon")]
    http.post(f"/v1/jobs/{job}/cancel")
    late = http.post(f"/v1/jobs/{job}/priority", json={"lane": "background"})

    assert [answer.status_code for answer in moved] == [200, 200, 422]
    assert moved[1].json()["lane"] == "urgent"
    assert late.status_code == 409


@pytest.mark.parametrize("verb", ["pause", "resume", "retry"])
def test_what_a_state_does_not_allow_is_a_conflict(http: httpx.Client, verb: str) -> None:
    job = accepted(http)
    http.post(f"/v1/jobs/{job}/cancel")

    answer = http.post(f"/v1/jobs/{job}/{verb}")

    assert answer.status_code == 409
    assert "cancelled" in answer.json()["detail"]


@pytest.mark.parametrize(("method", "path"), ROUTES)
@pytest.mark.parametrize("job", [UNKNOWN, "x", "a" * 5000, "..%2f..", "%00"])
def test_a_job_that_nobody_has_is_not_found_on_every_route(
    http: httpx.Client, method: str, path: str, job: str
) -> None:
    answer = http.request(method, f"/v1/jobs/{job}{path}")

    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_another_callers_job_is_not_found_on_every_route(
    http: httpx.Client, settings: Settings, method: str, path: str
) -> None:
    job = new_job_id(1, bytes(10))
    Book.open(settings).accept(
        job=job, caller="somebody", lane=Lane.NORMAL, name="", spec=b"{}", spec_hash="", count=1, total=1,
        models=["tiny"], results_uri="s3://x/", max_failures=None, idempotency_key=None, body_hash="",
    )  # fmt: skip

    answer = http.request(method, f"/v1/jobs/{job}{path}")

    assert answer.status_code == 404
    assert answer.json()["code"] == "not_found"
    assert job not in http.get("/v1/jobs").text
