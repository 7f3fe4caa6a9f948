"""Finished jobs leave when they are told to, whole, and what is left of them is told."""

import httpx
import pytest

from api.recovery import recover_all
from tests.api.conftest import Hands, accepted
from worker.results.records import write_jobfile


def over(http: httpx.Client, hands: Hands, *, ago_seconds: float = 0) -> str:
    """A job that is over and written, since so long."""
    job = accepted(http)
    hands.plan(job)
    write_jobfile(hands.desk.book.describe(job), hands.desk.storage)
    hands.render(hands.lease(), refuse=(1,), pictures=True)
    hands.finish()
    ended = hands.desk.book.describe(job).finished_at - ago_seconds
    hands.desk.book.redis.hset(f"pm:job:{job}", "finished", ended)
    return job


def prune(http: httpx.Client, **order: object) -> dict[str, object]:
    answer = http.post("/v1/prune", json={"older_than_seconds": 3600} | order)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def test_only_jobs_that_ended_long_enough_ago_go(http: httpx.Client, hands: Hands) -> None:
    old, young, open_ = over(http, hands, ago_seconds=4000), over(http, hands), accepted(http)

    would = prune(http, dry_run=True)
    before = http.get(f"/v1/jobs/{old}").status_code
    did, again = prune(http), prune(http)

    assert would["jobs"] == did["jobs"] == [old]
    assert (before, again["jobs"]) == (200, [])
    assert [one["id"] for one in http.get("/v1/jobs").json()["jobs"]] == [open_, young]


def test_a_pruned_job_leaves_no_key_but_a_tombstone_that_says_where_its_results_lie(
    http: httpx.Client, hands: Hands
) -> None:
    job = over(http, hands, ago_seconds=4000)
    results = http.get(f"/v1/jobs/{job}").json()["results_uri"]

    prune(http)
    answer = http.get(f"/v1/jobs/{job}")

    assert answer.status_code == 404
    assert results in answer.json()["remedy"]
    assert [key for key in hands.desk.book.redis.keys("*") if job in key] == [f"pm:gone:{job}"]
    assert list(hands.desk.storage.list(results))


def test_objects_go_when_that_is_said(http: httpx.Client, hands: Hands) -> None:
    job = over(http, hands, ago_seconds=4000)
    results = http.get(f"/v1/jobs/{job}").json()["results_uri"]

    gone = prune(http, objects=True)

    assert gone["objects"] == 9 + 2 + 1 + 1  # pictures, records, manifest, job.json
    assert not list(hands.desk.storage.list(results))


def test_a_job_whose_webhook_is_not_done_with_stays(http: httpx.Client, hands: Hands) -> None:
    job = over(http, hands, ago_seconds=4000)
    hands.desk.book.redis.zadd("pm:duties", {f"hook {job}": 1})

    assert prune(http)["jobs"] == []


def test_only_the_ends_that_are_named_go(http: httpx.Client, hands: Hands) -> None:
    job = over(http, hands, ago_seconds=4000)

    assert prune(http, states=["cancelled"])["jobs"] == []
    assert prune(http, states=["partial", "failed"])["jobs"] == [job]


def test_a_pruned_job_does_not_come_back_by_a_recovery(http: httpx.Client, hands: Hands) -> None:
    job = over(http, hands, ago_seconds=4000)
    prune(http)

    made = recover_all(hands.desk)

    assert job not in {one.job.id for one in made.jobs}
    assert any(job in said and "pruned" in said for said in made.skipped)


@pytest.mark.parametrize("order", [{}, {"older_than_seconds": -1}, {"older_than_seconds": 1, "states": ["running"]}])
def test_an_order_that_could_take_too_much_is_refused(http: httpx.Client, order: dict[str, object]) -> None:
    assert http.post("/v1/prune", json=order).status_code == 422
