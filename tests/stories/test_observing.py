"""What an operator sees of a job while and after it ran, without touching a worker."""

import json
import re
import subprocess
import time

import pytest

from tests.stories.conftest import Farm, picture

pytestmark = pytest.mark.timeout(240)
STAGES = {"fetch", "prepare", "queue", "denoise", "decode", "encode", "upload", "settle"}


@pytest.fixture(scope="module")
def job(farm: Farm) -> str:
    """One finished job of four variants, one of which cannot be made."""
    images = [farm.upload(picture(11)), farm.upload(b"\x89PNG\r\n\x1a\nthis is no picture")]
    spec = {"images": images, "model": "tiny", "prompt": "a boat", "strength": [0.4, 0.6], "steps": 4, "seed": 1}
    job = farm.submit(spec)
    assert farm.finished(job)["state"] == "partial"
    return job


def pages(farm: Farm, holds: str, *, seconds: float = 30) -> str:
    """The API's page as soon as it says that; workers tell every few ticks."""
    deadline = time.monotonic() + seconds
    while not re.search(holds, page := farm.http.get("/metrics").text):
        assert time.monotonic() < deadline, page
        time.sleep(0.1)
    return page


def test_the_apis_page_shows_every_stage_of_what_a_worker_did(farm: Farm, job: str) -> None:
    page = pages(
        farm, r'(?s)count\{stage="settle"\} [1-9].*variants_total\{cause="bad_image",outcome="refused"\} [1-9]'
    )

    assert set(re.findall(r'pentimento_stage_seconds_count\{stage="(\w+)"\} [1-9]', page)) == STAGES
    assert re.search(r'pentimento_variants_total\{cause="",outcome="rendered"\} [1-9]', page)
    for counted in ("chunk_seconds_count", "device_busy_seconds_total", "engine_rows_used_total"):
        assert re.search(rf"pentimento_{counted} [0-9.]*[1-9]", page), counted
    assert re.search(r'pentimento_storage_seconds_count\{operation="write",role="worker"\} [1-9]', page)


@pytest.mark.system("promtool")
def test_the_page_of_a_farm_that_works_pleases_promtool(farm: Farm, job: str) -> None:
    page = pages(farm, "pentimento_worker_slots")

    said = subprocess.run(["promtool", "check", "metrics"], input=page, capture_output=True, text=True, check=False)

    assert (said.returncode, said.stdout, said.stderr) == (0, "", "")


def test_a_workers_log_says_what_each_line_is_about(farm: Farm, job: str) -> None:
    lines = farm.stack.folder.log("worker").read_text().splitlines()

    about = [json.loads(line) for line in lines if line.startswith("{") and job in line]
    chunk = next(line for line in about if line["event"] == "chunk")
    assert re.fullmatch(r"0-\d+", chunk["chunk"])
    assert chunk["worker"]
    assert all(line["worker"] == chunk["worker"] for line in about)
    refused = [line for line in about if line["event"] == "refused"]
    assert {(line["variant"], line["code"]) for line in refused} == {(2, "bad_image"), (3, "bad_image")}
    assert all(re.fullmatch(r"\d+-\d+", line["chunk"]) for line in refused)
