"""Marks outlive Redis: they are written beside the pictures, and come back with the job."""

import httpx

from jobs.keys import marks_uri
from jobs.ledger.leasing import Duty
from jobs.marksfile import MarksFile
from jobs.settings import Settings
from tests.api.conftest import Hands, accepted, forget_instance
from worker.duties.marking import write_marks
from worker.results.records import write_jobfile


def _due(hands: Hands, job: str) -> Duty:
    """The duty to write the marks, now and not in some seconds."""
    book = hands.desk.book
    duties = book.keys.named("duties")
    assert book.redis.zscore(duties, f"marks {job}") is not None
    book.redis.zadd(duties, {f"marks {job}": 0})
    duty = hands.leasing.take_duty(hold_seconds=30)
    assert duty == Duty("marks", job)
    return duty


def _starred(http: httpx.Client, hands: Hands) -> str:
    job = accepted(http)
    hands.finish()
    hands.plan(job)
    hands.render(hands.lease())
    hands.finish()
    http.put(f"/v1/jobs/{job}/marks", json={"mark": "star", "indexes": "1-3,7"})
    return job


def test_marks_are_written_beside_the_pictures_and_again_when_they_change_meanwhile(
    http: httpx.Client, hands: Hands
) -> None:
    job = _starred(http, hands)
    desk, uri = hands.desk, marks_uri(hands.desk.book.describe(job).results_uri)
    first = _due(hands, job)
    write_marks(job, desk.book, desk.storage)
    http.put(f"/v1/jobs/{job}/variants/2/mark", json={"mark": "reject"})

    done = hands.leasing.duty_done(first)
    before = MarksFile.model_validate_json(desk.storage.read(uri, limit=1000))
    again = _due(hands, job)
    write_marks(job, desk.book, desk.storage)

    assert (done, hands.leasing.duty_done(again)) == (False, True)
    assert before == MarksFile(star="1-3,7")
    assert MarksFile.model_validate_json(desk.storage.read(uri, limit=1000)) == MarksFile(star="1,3,7", reject="2")


def test_marks_come_back_with_a_job_that_redis_has_lost(http: httpx.Client, hands: Hands, deployment: Settings) -> None:
    job = _starred(http, hands)
    desk = hands.desk
    view = desk.book.describe(job)
    write_marks(job, desk.book, desk.storage)
    write_jobfile(view, desk.storage)
    told = http.get(f"/v1/jobs/{job}/marks").json()
    desk.book.redis.flushall()
    forget_instance(deployment)

    recovered = http.post("/v1/recover", json={"uri": view.results_uri})

    assert recovered.json()["jobs"][0]["restored"], recovered.text
    assert told == {"star": "1-3,7", "reject": "", "stars": 4, "rejects": 0}
    assert http.get(f"/v1/jobs/{job}/marks").json() == told
