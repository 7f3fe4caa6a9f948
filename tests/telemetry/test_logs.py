"""Logs: lines for machines and for people, and what each of them says it is about."""

import json
import os
import pty
import subprocess
import sys
from typing import Any

import pytest

from jobs.telemetry.redaction import redact

PROGRAM = """
import logging, structlog
from concurrent.futures import ThreadPoolExecutor
from jobs.settings import Settings
from jobs.telemetry.logs import about, configure

configure(Settings(redis_url="redis://someone:canary@h/0"), worker="w1")
ours, theirs = structlog.get_logger("ours"), logging.getLogger("some.library")
with about(job="j1", chunk="0-7"):
    with about(variant=3):
        ours.info("stored", link="https://s3.example/b/k?X-Amz-Signature=canary&x=1")
    theirs.warning("slow: %s", "redis://someone:canary@h/0")
ours.info("idle")
"""


def logged(**streams: Any) -> subprocess.CompletedProcess[str]:
    quiet = {name: value for name, value in os.environ.items() if not name.startswith("PENTIMENTO_")}
    return subprocess.run([sys.executable, "-c", PROGRAM], env=quiet, text=True, check=True, timeout=60, **streams)


def test_a_line_for_machines_says_which_worker_job_chunk_and_variant_it_is_about() -> None:
    stored, slow, idle = map(json.loads, logged(stderr=subprocess.PIPE).stderr.splitlines())

    assert {name: stored[name] for name in ("event", "worker", "job", "chunk", "variant", "level")} == {
        "event": "stored", "worker": "w1", "job": "j1", "chunk": "0-7", "variant": 3, "level": "info",
    }  # fmt: skip
    assert (slow["worker"], slow["job"], slow["level"], "variant" in slow) == ("w1", "j1", "warning", False)
    assert (idle["worker"], "job" in idle) == ("w1", False)


def test_no_line_shows_a_password_or_a_signature() -> None:
    said = logged(stderr=subprocess.PIPE).stderr

    assert "canary" not in said
    assert said.count("***") == 2


def test_on_a_terminal_the_lines_are_for_people() -> None:
    ours, theirs = pty.openpty()
    try:
        logged(stderr=theirs)
        os.close(theirs)
        said = os.read(ours, 1 << 16).decode()
    finally:
        os.close(ours)

    assert "stored" in said
    assert "j1" in said
    assert not any(line.startswith("{") for line in said.splitlines())


@pytest.mark.parametrize(
    "text",
    [
        "redis://someone:{}@h/0",
        "https://s3.example/k?X-Amz-Credential={0}&X-Amz-Signature={0}&x=1",
        "authorization: Bearer {}",
        "GET /v1/jobs pentimento_0123456789abcdef_{}",
        "cookie pentimento_session={}; a=b",
    ],
)
def test_a_secret_is_blanked_out_and_what_stands_around_it_stays(text: str) -> None:
    secret = "5ec2e7" * 10 + "abcd"

    told = redact(text.format(secret))

    assert secret not in told
    assert "***" in told
    assert told.startswith(text[:5])
