"""The doctor finds what is wrong, names the remedy, and repairs what is safe to repair."""

from pathlib import Path

import httpx
from pydantic import SecretStr

from api.desk import Desk
from api.doctor import Finding, examine
from jobs.broker import LIGHT_QUEUE, render_queue
from jobs.ledger.views import WorkerView
from jobs.settings import Settings
from tests.api.conftest import Hands, accepted


def found(desk: Desk, name: str, *, repair: bool = False) -> list[Finding]:
    return [finding for finding in examine(desk, repair=repair) if finding.name == name]


def announce(hands: Hands, *models: str) -> None:
    hands.leasing.announce(WorkerView("w1", "cpu", "paced", models, slots=2, busy=0, seen_at=0, rendered=0))


def test_a_farm_in_order_has_nothing_wrong(http: httpx.Client, hands: Hands) -> None:
    announce(hands, "tiny")

    report = http.get("/v1/doctor").json()

    assert report["well"] is True
    assert {finding["status"] for finding in report["findings"]} == {"ok"}
    names = {finding["name"] for finding in report["findings"]}
    assert names >= {"redis", "instance", "storage", "storage promise", "storage clock", "workers", "models", "leases"}


def test_the_doctor_leaves_nothing_in_the_store(http: httpx.Client, hands: Hands) -> None:
    http.get("/v1/doctor")

    left = [one.uri for one in hands.desk.storage.list(f"{hands.desk.settings.output_uri}/_")]

    assert not [uri for uri in left if "doctor" in uri]


def test_a_model_that_no_worker_has_is_named_with_its_job(http: httpx.Client, hands: Hands) -> None:
    job = accepted(http)
    hands.plan(job)
    alone = found(hands.desk, "workers")
    announce(hands, "sdxl")

    (finding,) = found(hands.desk, "models")

    assert alone[0].status == "bad"
    assert "pentimento worker" in alone[0].remedy
    assert (finding.status, finding.detail) == ("bad", f"no worker has all of tiny, which {job} needs")


def test_missing_tickets_are_sent_when_asked_and_only_then(http: httpx.Client, hands: Hands) -> None:
    announce(hands, "tiny")
    hands.plan(accepted(http))
    queue = render_queue("paced")

    before = found(hands.desk, "tickets")[0]
    untouched = hands.leasing.queue_length(queue)
    repaired = found(hands.desk, "tickets", repair=True)[0]

    assert (before.status, before.repaired, untouched) == ("warn", "", 0)
    assert repaired.repaired == "sent 1"
    assert hands.leasing.queue_length(queue) == 1
    assert found(hands.desk, "tickets")[0].status == "ok"


def test_expired_leases_are_reaped_when_asked(http: httpx.Client, hands: Hands) -> None:
    job = accepted(http)
    hands.plan(job)
    lease = hands.lease()
    hands.desk.book.redis.zadd("pm:leases", {f"{job} {lease.fence}": 1})

    (before,) = found(hands.desk, "leases")
    (repaired,) = found(hands.desk, "leases", repair=True)

    assert before.status == "bad"
    assert repaired.repaired == "reaped 1"
    assert found(hands.desk, "leases")[0].status == "ok"
    assert http.get(f"/v1/jobs/{job}").json()["leased"] == 0


def test_overdue_duties_are_told_and_get_a_ticket(http: httpx.Client, hands: Hands) -> None:
    job = accepted(http)
    hands.desk.book.redis.zadd("pm:duties", {f"plan {job}": 1})
    hands.desk.book.redis.delete(f"pm:{LIGHT_QUEUE}")

    (finding,) = found(hands.desk, "duties", repair=True)

    assert (finding.status, finding.repaired) == ("bad", "sent a ticket")
    assert hands.leasing.queue_length(LIGHT_QUEUE) == 1


def test_jobs_that_nobody_would_take_up_are_put_back(http: httpx.Client, hands: Hands) -> None:
    unplanned, stranded, unfinished = (accepted(http) for _ in range(3))
    redis = hands.desk.book.redis
    hands.plan(stranded)
    http.post(f"/v1/jobs/{unfinished}/cancel")
    redis.delete("pm:duties", "pm:runnable:normal", "pm:runnable:normal:default")

    told = {finding.detail for finding in found(hands.desk, "jobs")}
    found(hands.desk, "jobs", repair=True)

    assert told == {
        f"{unplanned}: nobody would plan it",
        f"{stranded}: nobody would lease of it",
        f"{unfinished}: nobody would finish it",
    }
    assert [finding.status for finding in found(hands.desk, "jobs")] == ["ok"]
    assert set(redis.zrange("pm:duties", 0, -1)) == {f"plan {unplanned}", f"finish {unfinished}"}
    assert hands.lease().job == stranded


def test_the_doctor_answers_when_redis_and_the_store_are_away(deployment: Settings) -> None:
    away = deployment.model_copy(
        update={"redis_url": SecretStr("redis://:hunter2@127.0.0.1:1/0"), "s3_endpoint": "http://127.0.0.1:9"}
    )

    findings = examine(Desk.open(away), repair=True)

    assert {finding.status for finding in findings} == {"bad"}
    assert all(finding.remedy for finding in findings)
    assert "hunter2" not in str(findings)


def test_a_folder_as_storage_is_looked_at_too(deployment: Settings, empty: None, tmp_path: Path) -> None:
    desk = Desk.open(deployment.model_copy(update={"output_uri": f"file://{tmp_path}", "redis_prefix": "other:"}))

    assert {finding.status for finding in examine(desk) if finding.name.startswith("storage")} == {"ok"}
