"""Whether the API lives, and whether it can do its work."""

import re
import threading
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from api.readiness import Probe, Readiness
from api.stack.child import Running as RunningChild
from api.stack.ports import free_port
from api.stack.valkey import Valkey
from jobs.errors import StorageUnavailable
from jobs.ledger.book import Book
from jobs.settings import Settings
from tests.api.conftest import SPEC, accepted, running


def test_a_deployment_with_everything_is_ready_and_says_which_promise_holds(http: httpx.Client) -> None:
    answer = http.get("/readyz")

    assert answer.status_code == 200
    assert answer.json()["ready"] is True
    details = {check["name"]: check["detail"] for check in answer.json()["checks"]}
    assert details.keys() == {"ledger", "storage"}
    assert "conditional writes" in details["storage"]


def test_a_redis_that_was_emptied_is_an_alarm_and_not_a_missing_job(http: httpx.Client, settings: Settings) -> None:
    job = accepted(http)
    book = Book.open(settings)
    book.redis.flushall()

    shown, listed, submitted = http.get(f"/v1/jobs/{job}"), http.get("/v1/jobs"), http.post("/v1/jobs", json=SPEC)

    assert {answer.status_code for answer in (shown, listed, submitted)} == {503}
    assert {answer.json()["code"] for answer in (shown, listed, submitted)} == {"ledger_lost"}
    assert "pentimento recover" in shown.json()["remedy"]


def test_without_redis_it_lives_and_names_the_ledger_and_comes_back(settings: Settings, tmp_path: Path) -> None:
    valkey = Valkey(tmp_path / "data", free_port(), tmp_path / "valkey.log")
    redis = RunningChild(valkey.child())
    redis.wait_ready()
    with running(settings.model_copy(update={"redis_url": SecretStr(valkey.url)})) as served:
        http = httpx.Client(base_url=served.url, timeout=30)
        try:
            assert http.get("/livez").text == "ok"
        finally:
            redis.stop()

        ready, live, submitted = http.get("/readyz"), http.get("/livez"), http.post("/v1/jobs", json=SPEC)
        listed = http.get("/v1/jobs")
        http.close()

    assert (live.status_code, live.text) == (200, "ok")
    assert ready.status_code == 503
    assert ready.json()["failed"] == ["ledger"]
    assert (submitted.status_code, submitted.json()["code"]) == (503, "ledger_unavailable")
    assert listed.status_code == 503
    assert "redis://" not in ready.text + submitted.text + listed.text


def test_without_storage_readiness_names_the_storage(settings: Settings) -> None:
    away = settings.model_copy(update={"s3_endpoint": "http://127.0.0.1:9"})

    with running(away) as served:
        answer = httpx.get(f"{served.url}/readyz", timeout=30)

    assert answer.status_code == 503
    assert answer.json()["failed"] == ["storage"]


def test_however_many_ask_the_probes_run_once_in_two_seconds() -> None:
    times = iter(range(100))
    clock = [0.0]
    readiness = Readiness((Probe("ledger", lambda: f"asked {next(times)}"),), lambda: clock[0])

    told = []
    for clock[0] in (0.0, 0.5, 1.9, 2.0, 3.9):
        told += [check.detail for check in readiness.checks()]

    assert told == ["asked 0"] * 3 + ["asked 1"] * 2


def test_a_probe_that_hangs_is_a_failed_check_and_is_not_started_twice() -> None:
    now = 0.0
    asked: list[int] = []
    release = threading.Event()

    def hang() -> str:
        asked.append(1)
        assert release.wait(20)
        return "well"

    readiness = Readiness((Probe("storage", hang), Probe("ledger", lambda: "well")), lambda: now, patience_seconds=0.05)
    first = readiness.checks()
    now = 10.0
    second = readiness.checks()
    release.set()
    now = 20.0
    readiness.patience_seconds = 20

    third = readiness.checks()

    assert [check.ok for check in first] == [False, True] == [check.ok for check in second]
    assert [check.ok for check in third] == [True, True]
    assert len(asked) == 1


def test_a_check_that_fails_says_so_in_the_errors_own_words() -> None:
    def fail() -> str:
        raise StorageUnavailable("the bucket is gone")

    (check,) = Readiness((Probe("storage", fail),), lambda: 0.0).checks()

    assert (check.ok, check.detail) == (False, "the bucket is gone")


@pytest.mark.parametrize("path", ["/v1/workers", "/v1/models", "/v1/schema", "/", "/docs", "/openapi.json"])
def test_what_needs_no_job_answers(http: httpx.Client, path: str) -> None:
    answer = http.get(path)

    assert answer.status_code == 200
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_the_documentation_page_asks_nothing_of_another_host(http: httpx.Client) -> None:
    page = http.get("/docs").text

    sources = re.findall(r'(?:src|href)="([^"]+)"', page)

    assert sources
    assert [source for source in sources if not source.startswith("/")] == []
    assert all(http.get(source).status_code == 200 for source in sources)
