"""What Prometheus and an autoscaler are told: of the farm, by whichever API they ask."""

import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from api.desk import Desk
from api.gauges import CACHE_SECONDS, Gauges
from api.stack.child import Running as RunningChild
from api.stack.ports import free_port
from api.stack.valkey import Valkey
from jobs.ledger.figures import Figures
from jobs.ledger.views import WorkerView
from jobs.settings import Settings
from jobs.telemetry.carrying import Packer
from jobs.telemetry.metrics import SLOTS, STAGE_SECONDS, VARIANTS
from tests.api.conftest import Hands, accepted

_SAMPLE = re.compile(r"(?m)^(\w+(?:\{.*\})?) (\S+)$")
WORKER = WorkerView("w1", "cpu", "paced", ("other", "@paced"), slots=2, busy=0, seen_at=0, rendered=0)


def read(page: str) -> Mapping[str, float]:
    """Each sample with its labels, as the page spells it, and its value."""
    return {name: float(value) for name, value in _SAMPLE.findall(page)}


def now(desk: Desk) -> Mapping[str, float]:
    """The page as it would be were it asked for the first time."""
    return read(Gauges(desk, lambda: 0.0).page().decode())


@pytest.mark.system("promtool")
def test_the_live_page_pleases_promtool(http: httpx.Client, hands: Hands) -> None:
    hands.plan(accepted(http))
    hands.render(hands.lease())
    VARIANTS.labels("rendered", "").inc()
    STAGE_SECONDS.labels("encode").observe(0.1)
    SLOTS.labels("busy").set(1)
    hands.leasing.announce(WORKER)
    Figures(hands.desk.book).add("w1", Packer().parcel())

    page = http.get("/metrics")
    said = subprocess.run(
        ["promtool", "check", "metrics"], input=page.text, capture_output=True, text=True, check=False, timeout=60
    )

    assert page.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert (said.returncode, said.stdout, said.stderr) == (0, "", "")
    assert {"pentimento_stage_seconds", "pentimento_worker_slots", "pentimento_http_request_seconds"} <= set(
        re.findall(r"# TYPE (\w+)", page.text)
    )


def test_the_page_shows_how_much_waits_for_how_long_and_for_whom(http: httpx.Client, hands: Hands) -> None:
    hands.plan(accepted(http, run={"priority": "urgent"}))
    hands.leasing.announce(WORKER)
    lease = hands.lease(chunk=4)
    accepted(http)

    said = now(hands.desk)

    assert said['pentimento_queue_jobs{lane="urgent"}'] == 1
    assert said['pentimento_queue_variants{lane="urgent"}'] == 10
    assert said['pentimento_queue_variants{lane="normal"}'] == 0
    assert said['pentimento_queue_oldest_seconds{lane="urgent"}'] > 0
    assert said['pentimento_model_jobs{model="tiny"}'] == 1
    assert said['pentimento_model_workers{model="tiny"}'] == 0
    assert said["pentimento_leases"] == 1
    assert [said[f'pentimento_jobs{{state="{state}"}}'] for state in ("planning", "running", "failed")] == [1, 1, 0]
    assert said['pentimento_workers{backend="paced",state="idle"}'] == 1
    assert said["pentimento_redis_up"] == said["pentimento_redis_aof_ok"] == 1
    assert 0 < said['pentimento_redis_memory_bytes{kind="used"}'] < said['pentimento_redis_memory_bytes{kind="limit"}']
    hands.render(lease)


def test_what_workers_counted_stays_when_they_are_gone_and_is_never_added_twice(hands: Hands) -> None:
    name = 'pentimento_variants_total{cause="bad_image",outcome="refused"}'
    first, second = Packer(), Packer()
    for packer in (first, second):
        packer.parcel()
        packer.arrived()
    VARIANTS.labels("refused", "bad_image").inc(3)
    figures = Figures(hands.desk.book)

    for worker, packer in (("w1", first), ("w1", first), ("w2", second)):
        figures.add(worker, packer.parcel())

    assert now(hands.desk)[name] == 6
    first.arrived()
    figures.add("w1", first.parcel())
    assert now(hands.desk)[name] == 6


def test_what_is_rare_and_alarming_is_on_the_page_before_it_happens(hands: Hands) -> None:
    Figures(hands.desk.book).add("w1", Packer().parcel())

    said = now(hands.desk)

    for cause in ("poison", "foreign_object"):
        assert f'pentimento_variants_total{{cause="{cause}",outcome="refused"}}' in said
    assert 'pentimento_rework_total{found="settled"}' in said
    assert "pentimento_leases_expired_total" in said


def test_without_redis_the_page_says_so_and_keeps_what_it_saw(settings: Settings, tmp_path: Path) -> None:
    valkey = Valkey(tmp_path / "data", free_port(), tmp_path / "valkey.log")
    redis = RunningChild(valkey.child())
    redis.wait_ready()
    times = [0.0]
    desk = Desk.open(settings.model_copy(update={"redis_url": SecretStr(valkey.url)}))
    gauges = Gauges(desk, lambda: times[0])
    Hands(desk).leasing.announce(WORKER)
    before = read(gauges.page().decode())
    redis.kill()
    times[0] += CACHE_SECONDS

    after = read(gauges.page().decode())

    desk.book.redis.close()
    assert (before["pentimento_redis_up"], after["pentimento_redis_up"]) == (1, 0)
    assert after['pentimento_workers{backend="paced",state="idle"}'] == 1
    assert after['pentimento_redis_errors_total{role="api"}'] > before['pentimento_redis_errors_total{role="api"}']


def test_routes_are_named_as_the_api_declares_them_whatever_is_asked_for(http: httpx.Client) -> None:
    job = accepted(http)
    http.get(f"/v1/jobs/{job}")
    http.get("/no/such/place")

    page = http.get("/metrics").text

    assert 'route="/v1/jobs/{job}",status="2xx"' in page
    assert 'route="none",status="4xx"' in page
    assert job not in page
    assert "/no/such" not in page


def test_an_autoscaler_hears_of_work_before_it_is_planned_until_its_last_lease_is_given_back(
    http: httpx.Client, hands: Hands
) -> None:
    def work(**kind: str) -> int:
        return int(http.get("/v1/demand", params=kind).raise_for_status().json()["work"])

    told = [work()]
    job = accepted(http)
    told.append(work())
    while duty := hands.leasing.take_duty(hold_seconds=30):
        hands.leasing.duty_done(duty)
    hands.plan(job)
    told.append(work())
    lease = hands.lease()
    told.append(work())
    others = work(models="other"), work(models="other,tiny")
    hands.render(lease)
    hands.finish()

    assert told == [0, 1, 1, 1]
    assert others == (0, 1)
    assert work() == 0
