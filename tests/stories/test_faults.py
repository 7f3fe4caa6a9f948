"""What a night may bring: a worker that is killed, one that is told to go, a cancelled job, a restart of all."""

import json
import os
import signal
from pathlib import Path

import pytest

from api.stack import Stack
from tests.stories.conftest import QUICK, Farm, picture

pytestmark = [pytest.mark.timeout(600), pytest.mark.slow]


def submit(farm: Farm, count: int) -> str:
    image = farm.upload(picture(30))
    return farm.submit({"images": [image], "model": "tiny", "prompt": "a boat", "samples": count, "steps": 4})


def indexes(farm: Farm, job: str) -> list[int]:
    return [line["index"] for line in farm.lines(job, "results.jsonl")]


def test_a_worker_killed_in_mid_job_costs_nothing_but_time(paced_farm: Farm) -> None:
    job = submit(paced_farm, 120)
    paced_farm.until(job, lambda view: view["settled"] >= 20)

    paced_farm.stack.kill("worker")
    before = paced_farm.job(job)["settled"]
    paced_farm.stack.restart("worker")
    view = paced_farm.finished(job)

    assert before < 120
    assert (view["state"], view["settled"], view["refused"]) == ("succeeded", 120, 0)
    assert indexes(paced_farm, job) == list(range(120))
    assert len(paced_farm.pictures(job)) == 120


def test_a_worker_that_is_told_to_go_leaves_nothing_to_be_made_again(paced_farm: Farm) -> None:
    job = submit(paced_farm, 100)
    paced_farm.until(job, lambda view: view["settled"] >= 10)

    os.kill(paced_farm.stack.processes["worker"], signal.SIGTERM)
    paced_farm.stack.restart("worker")
    view = paced_farm.finished(job)

    made = [line["index"] for part in (paced_farm.stored(job) / "records").iterdir() for line in _lines(part)]
    assert view["state"] == "succeeded"
    assert sorted(made) == list(range(100))


def test_a_cancelled_job_stops_and_keeps_what_was_settled(paced_farm: Farm) -> None:
    job = submit(paced_farm, 400)
    paced_farm.until(job, lambda view: view["settled"] >= 5)

    answer = paced_farm.http.post(f"/v1/jobs/{job}/cancel")
    settled = answer.json()["settled"]
    view = paced_farm.finished(job)

    assert answer.json()["state"] == "cancelled"
    assert view["settled"] == settled < 400
    assert indexes(paced_farm, job) == sorted(line["index"] for line in paced_farm.records(job))


def test_a_small_job_is_not_kept_waiting_by_a_large_one(paced_farm: Farm) -> None:
    large = submit(paced_farm, 1000)
    paced_farm.until(large, lambda view: view["settled"] >= 5)
    small = paced_farm.submit(
        {
            "images": [paced_farm.upload(picture(60))],
            "model": "tiny",
            "prompt": "a boat",
            "steps": 4,
            "run": {"priority": "urgent"},
        }
    )

    view = paced_farm.finished(small, seconds=20)

    assert view["state"] == "succeeded"
    assert paced_farm.job(large)["state"] == "running"


def test_everything_is_still_there_after_the_farm_was_stopped_and_started(tmp_path: Path) -> None:
    environment = {**QUICK, "PENTIMENTO_BACKEND": "paced", "PENTIMENTO_PACED_SECONDS": "0.05"}
    with Stack(tmp_path / "data", extra_env=environment) as stack, Farm(stack) as farm:
        job = submit(farm, 80)
        farm.until(job, lambda view: view["settled"] >= 10)

    with Stack(tmp_path / "data", extra_env=environment) as stack, Farm(stack) as farm:
        view = farm.finished(job)

        assert (view["state"], view["settled"]) == ("succeeded", 80)
        assert indexes(farm, job) == list(range(80))
        assert len(farm.records(job)) == 80


def _lines(part: Path) -> list[dict[str, int]]:
    return [json.loads(line) for line in part.read_text().splitlines()]
