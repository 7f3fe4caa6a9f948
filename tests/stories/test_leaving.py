"""How a worker leaves: when it is told twice, when somebody drains it, when its device hangs."""

import os
import signal
import time
from pathlib import Path

import pytest

from api.stack import Stack
from tests.stories.conftest import QUICK, Farm, picture

pytestmark = pytest.mark.timeout(240)


def submit(farm: Farm, count: int) -> str:
    image = farm.upload(picture(30))
    return farm.submit({"images": [image], "model": "tiny", "prompt": "a boat", "samples": count, "steps": 4})


def test_a_worker_told_twice_leaves_at_once_and_nobody_is_blamed(tmp_path: Path) -> None:
    slow = {**QUICK, "PENTIMENTO_BACKEND": "paced", "PENTIMENTO_PACED_SECONDS": "60", "PENTIMENTO_LEASE_SECONDS": "60"}
    with Stack(tmp_path / "data", extra_env=slow) as stack, Farm(stack) as farm:
        job = submit(farm, 40)
        farm.until(job, lambda view: view["leased"] > 0)
        worker = stack.processes["worker"]

        os.kill(worker, signal.SIGTERM)
        log = stack.folder.log("worker")  # two signals at once would be one
        while "Warm shutdown" not in log.read_text():
            time.sleep(0.05)
        os.kill(worker, signal.SIGTERM)
        view = farm.until(job, lambda view: view["leased"] == 0, seconds=30)
        told = farm.http.get(f"/v1/jobs/{job}/why", params={"index": 0}).json()

    assert "told again, it leaves at once" in log.read_text()
    assert (view["settled"], view["refused"], view["open"]) == (0, 0, 40)
    assert "alone" not in " ".join(told["sentences"])


def test_a_drained_worker_finishes_what_is_in_flight_and_takes_no_more_until_it_is_resumed(paced_farm: Farm) -> None:
    job = submit(paced_farm, 300)
    paced_farm.until(job, lambda view: view["settled"] >= 5)
    (worker,) = (one["id"] for one in paced_farm.http.get("/v1/workers").json()["workers"])

    assert paced_farm.http.post(f"/v1/workers/{worker}/drain").json()["workers"][0]["drained"] is True
    rests = paced_farm.until(job, lambda view: view["leased"] == 0, seconds=20)
    before = rests["settled"]
    other = submit(paced_farm, 1)
    paced_farm.http.post(f"/v1/jobs/{job}/cancel")
    waits = paced_farm.job(other)
    paced_farm.http.post(f"/v1/workers/{worker}/resume")

    assert 5 <= before < 300
    assert rests["state"] == "running"
    assert waits["settled"] == 0
    assert paced_farm.finished(other)["state"] == "succeeded"


def test_a_worker_whose_device_hangs_ends_and_says_why(tmp_path: Path) -> None:
    # A picture that takes a minute, with a step each half second: for so short a patience each step is too late.
    hangs = {
        **QUICK,
        "PENTIMENTO_BACKEND": "paced",
        "PENTIMENTO_PACED_SECONDS": "60",
        "PENTIMENTO_STALL_SECONDS": "0.2",
    }
    with Stack(tmp_path / "data", extra_env=hangs) as stack, Farm(stack) as farm:
        submit(farm, 1)
        deadline = time.monotonic() + 30
        while "worker" in stack.processes and time.monotonic() < deadline:
            time.sleep(0.05)

        assert "worker" not in stack.processes
        assert "the device makes no step" in stack.folder.log("worker").read_text()
