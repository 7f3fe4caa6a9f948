"""Watching shows a job to its end, says what came of it, and can be left at any time."""

import json
import signal
import threading

from api.cli.exits import INTERRUPTED, NOT_ALL, OK
from tests.cli.conftest import Call, Canned, Cli, Process, a_job, an_event

FEED = an_event(1, "queued", count="4", total="4") + an_event(2, "started", worker="w")
FEED += an_event(3, "settled", indexes="0,1,2,3", settled="4", refused="0", count="4")
FEED += an_event(4, "finished", state="succeeded", settled="4", refused="0", reason="")


def test_a_job_is_followed_to_its_end(cli: Cli, canned: Canned) -> None:
    canned.json("GET", "/v1/jobs/j1", a_job(), a_job(state="succeeded", settled=4))
    canned.on("GET", "/v1/jobs/j1/events", lambda call: call.stream(FEED))

    ran = cli("watch", "j1", "--api", canned.url)

    assert ran.code == OK
    assert "state     succeeded" in ran.out
    assert "j1 succeeded 4/4" in ran.err


def test_json_is_one_event_a_line_and_the_job_at_the_end(cli: Cli, canned: Canned) -> None:
    canned.json("GET", "/v1/jobs/j1", a_job(), a_job(state="partial", settled=3, refused=1, causes={"bad_image": 1}))
    canned.on("GET", "/v1/jobs/j1/events", lambda call: call.stream(FEED))

    ran = cli("watch", "j1", "--api", canned.url, "--json")

    lines = [json.loads(line) for line in ran.out.splitlines()]
    assert [line.get("event") for line in lines] == ["queued", "started", "settled", "finished", None]
    assert lines[-1]["job"]["causes"] == {"bad_image": 1}
    assert (ran.code, ran.err) == (NOT_ALL, "")


def test_an_end_before_a_retry_does_not_end_the_watching(cli: Cli, canned: Canned) -> None:
    again = an_event(5, "settled", settled="4", refused="0", count="4") + an_event(6, "finished", state="succeeded")
    canned.json("GET", "/v1/jobs/j1", a_job(), a_job(), a_job(state="succeeded", settled=4))
    canned.on("GET", "/v1/jobs/j1/events", lambda call: call.stream(FEED + again))

    ran = cli("watch", "j1", "--api", canned.url, "--json")

    assert [json.loads(line).get("id") for line in ran.out.splitlines()][-2:] == ["6-0", None]


def test_a_job_that_is_over_is_not_waited_for(cli: Cli, canned: Canned) -> None:
    canned.json("GET", "/v1/jobs/j1", a_job(state="cancelled", reason="cancelled by the caller"))

    ran = cli("watch", "j1", "--api", canned.url)

    assert ran.code == NOT_ALL
    assert "cancelled (cancelled by the caller)" in ran.out
    assert canned.calls == ["GET /v1/jobs/j1"]


def test_ctrl_c_leaves_the_job_alone_and_says_how_to_come_back(process: Process, canned: Canned) -> None:
    watched, over = threading.Event(), threading.Event()

    def quiet(call: Call) -> None:
        call.stream(FEED.partition("id: 3")[0])
        watched.set()
        over.wait(30)

    canned.json("GET", "/v1/jobs/j1", a_job())
    canned.on("GET", "/v1/jobs/j1/events", quiet)

    with process("watch", "j1", "--api", canned.url) as running:
        assert watched.wait(30)
        assert running.stderr is not None
        while "running" not in running.stderr.readline():
            pass
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=30)
    over.set()

    assert running.returncode == INTERRUPTED
    assert out == ""
    assert err == "Stopped watching; the job goes on. Come back with: pentimento watch j1\n"
    assert all(call.startswith("GET") for call in canned.calls)
