"""A worker's own page, for probes and for those who scrape workers."""

import httpx

from jobs.telemetry.metrics import REWORK
from worker.health.page import WorkerPage


def test_a_worker_says_whether_it_lives_and_is_ready_without_asking_anybody() -> None:
    said = {"lives": True, "ready": False}
    page = WorkerPage("127.0.0.1", 0, lives=lambda: said["lives"], ready=lambda: said["ready"])
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{page.port}", trust_env=False) as http:
            first = [http.get(path).status_code for path in ("/livez", "/readyz", "/elsewhere")]
            said |= {"lives": False, "ready": True}
            second = [http.get(path).status_code for path in ("/livez", "/readyz")]
    finally:
        page.close()

    assert first == [200, 503, 404]
    assert second == [503, 200]


def test_a_worker_that_can_be_scraped_shows_what_it_counts() -> None:
    REWORK.labels("stored").inc()
    page = WorkerPage("127.0.0.1", 0, lives=lambda: True, ready=lambda: True)
    try:
        said = httpx.get(f"http://127.0.0.1:{page.port}/metrics", trust_env=False).text
    finally:
        page.close()

    assert 'pentimento_rework_total{found="stored"}' in said
    assert "_created" not in said
