"""After a total loss of Redis storage alone brings the jobs back, as often as one asks."""

import httpx
import pytest

from api.desk import Desk
from tests.api.conftest import Hands, accepted
from worker.results.records import write_jobfile


@pytest.fixture(autouse=True)
def nothing_before(desk: Desk, empty: None) -> None:
    """The jobs of other tests are not found."""
    for found in desk.storage.list(f"{desk.settings.output_uri}/"):
        if found.uri.endswith("/job.json"):
            desk.storage.delete(found.uri)


def planned(http: httpx.Client, hands: Hands, **said: object) -> str:
    job = accepted(http, **said)
    hands.plan(job)
    write_jobfile(hands.desk.book.describe(job), hands.desk.storage)
    return job


def lose_everything(desk: Desk) -> None:
    desk.book.redis.flushall()


def recover(http: httpx.Client, **order: str) -> dict[str, dict[str, object]]:
    """By job: whether it was restored, and the job."""
    answer = http.post("/v1/recover", json=order)
    assert answer.status_code == 200, answer.text
    assert answer.json()["next_cursor"] is None
    return {one["job"]["id"]: one for one in answer.json()["jobs"]}


def test_a_job_comes_back_with_every_outcome_that_its_records_tell(http: httpx.Client, hands: Hands) -> None:
    job = planned(http, hands, run={"priority": "background"})
    hands.render(hands.lease(chunk=6), refuse=(1, 4))
    before = http.get(f"/v1/jobs/{job}").json()
    lose_everything(hands.desk)

    assert http.get(f"/v1/jobs/{job}").json()["code"] == "ledger_lost"
    assert recover(http)[job]["restored"] is True
    after = http.get(f"/v1/jobs/{job}").json()

    assert http.get("/readyz").json()["ready"] is True
    changed = {"state", "started_at", "waiting"}
    assert {k: v for k, v in after.items() if k not in changed} == {k: v for k, v in before.items() if k not in changed}
    assert (after["settled"], after["refused"], after["causes"], after["lane"]) == (
        4,
        2,
        {"bad_image": 2},
        "background",
    )


def test_what_was_open_is_made_and_looked_for_in_storage_before(http: httpx.Client, hands: Hands) -> None:
    job = planned(http, hands)
    first = hands.lease(chunk=6)
    hands.render(first, refuse=(1,))
    lose_everything(hands.desk)
    recover(http)

    lease = hands.lease()
    hands.render(lease)

    assert (lease.start, lease.stop, lease.again) == (6, 10, True)
    assert lease.fence > first.fence
    assert http.get(f"/v1/jobs/{job}").json()["state"] == "partial"
    records = http.get(f"/v1/jobs/{job}/results").json()["records"]
    assert [record["index"] for record in records] == list(range(10))


def test_a_recovery_repeated_changes_nothing(http: httpx.Client, hands: Hands) -> None:
    job = planned(http, hands)
    hands.render(hands.lease(chunk=6))
    lose_everything(hands.desk)
    recover(http)
    lease = hands.lease(chunk=2)
    hands.leasing.settle(lease, [6])
    before = http.get(f"/v1/jobs/{job}").json()

    again = recover(http)[job]
    by_name = recover(http, uri=before["results_uri"])[job]

    assert (again["restored"], by_name["restored"]) == (False, False)
    assert http.get(f"/v1/jobs/{job}").json() == before


def test_a_job_that_was_over_is_over_again(http: httpx.Client, hands: Hands) -> None:
    job = planned(http, hands)
    hands.render(hands.lease())
    lose_everything(hands.desk)

    recover(http)

    assert http.get(f"/v1/jobs/{job}").json()["state"] == "succeeded"


def test_a_cancelled_job_stays_cancelled(http: httpx.Client, hands: Hands) -> None:
    job = planned(http, hands)
    http.post(f"/v1/jobs/{job}/cancel")
    write_jobfile(hands.desk.book.describe(job), hands.desk.storage)
    lose_everything(hands.desk)

    recover(http)

    assert http.get(f"/v1/jobs/{job}").json()["state"] == "cancelled"
    with pytest.raises(AssertionError):
        hands.lease()


def test_a_variant_that_was_refused_and_then_made_is_settled(http: httpx.Client, hands: Hands) -> None:
    job = planned(http, hands)
    hands.render(hands.lease(), refuse=(3,))
    http.post(f"/v1/jobs/{job}/retry")
    hands.render(hands.lease())
    lose_everything(hands.desk)

    recover(http)

    assert http.get(f"/v1/jobs/{job}").json()["settled"] == 10


def test_all_jobs_come_back_and_folders_that_hold_none_are_told(http: httpx.Client, hands: Hands) -> None:
    jobs = [planned(http, hands) for _ in range(3)]
    bare = accepted(http)
    hands.plan(bare)
    http.post("/v1/uploads", content=b"\x89PNG\r\n\x1a\n" + bytes(40))
    lose_everything(hands.desk)

    answer = http.post("/v1/recover").json()

    assert set(jobs) <= {one["job"]["id"] for one in answer["jobs"]}
    assert any(bare in said for said in answer["skipped"])


@pytest.mark.parametrize("uri", ["s3://somebody/else/", "file:///etc/", "nothing", "s3://"])
def test_a_folder_that_is_no_jobs_is_refused(http: httpx.Client, uri: str) -> None:
    answer = http.post("/v1/recover", json={"uri": uri})

    assert answer.status_code in {404, 422, 503}
