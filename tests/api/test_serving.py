"""The API as a process, and what a slow or rude client can do to it."""

import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from api.web import bodies
from jobs.settings import Settings
from tests.api.conftest import Running, accepted

JSON = "Content-Type: application/json"


@contextmanager
def _process(settings: Settings) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """`python -m api.web` on a port that the system chooses."""
    environment = {
        "PENTIMENTO_REDIS_URL": settings.redis_url.get_secret_value(),
        "PENTIMENTO_S3_ENDPOINT": settings.s3_endpoint,
        "PENTIMENTO_S3_ACCESS_KEY": settings.s3_access_key,
        "PENTIMENTO_S3_SECRET_KEY": settings.s3_secret_key.get_secret_value(),
        "PENTIMENTO_OUTPUT_URI": f"s3://nobody-made-{uuid.uuid4().hex[:8]}",
        "PENTIMENTO_PORT": "0",
    }
    command = [sys.executable, "-m", "api.web"]
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line.startswith("pentimento listens on http://127.0.0.1:"), process.stderr
            yield process, line.split()[-1]
        finally:
            process.kill()


def test_the_process_says_its_port_and_goes_down_in_seconds_with_a_stream_open(settings: Settings) -> None:
    with _process(settings) as (process, url), httpx.Client(base_url=url, timeout=20) as http:
        job = accepted(http)
        with http.stream("GET", f"/v1/jobs/{job}/events") as stream:
            lines = stream.iter_lines()
            next(lines)
            process.send_signal(signal.SIGTERM)
            for _ in lines:  # ends in good order: a connection cut off would raise here
                pass
        assert process.stderr is not None
        log = process.stderr.read()
        code = process.wait(10)

    assert code in {0, -signal.SIGTERM}
    assert "Traceback" not in log


def test_a_missing_bucket_is_made(settings: Settings) -> None:
    with _process(settings) as (_, url):
        answer = httpx.get(f"{url}/readyz", timeout=20)

    assert answer.status_code == 200, answer.text


def test_a_body_that_trickles_in_is_given_up(served: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "SPEC_SECONDS", 0.1)
    port = int(served.url.rsplit(":", 1)[1])
    head = "POST /v1/jobs HTTP/1.1\r\nHost: [::1]\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"

    with socket.create_connection(("127.0.0.1", port), timeout=20) as client:
        client.sendall(head.encode())
        begun = time.monotonic()
        answer = client.recv(65536)
        rest = b"".join(iter(lambda: client.recv(65536), b""))
        took = time.monotonic() - begun

    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"did not arrive within 0.1 seconds" in answer + rest
    assert took < 5


def test_a_body_that_is_too_large_is_not_read_to_its_end(served: Running, settings: Settings) -> None:
    port = int(served.url.rsplit(":", 1)[1])
    head = (
        "POST /v1/jobs HTTP/1.1\r\nHost: [::1]\r\nContent-Type: application/json\r\nContent-Length: 99999999999\r\n\r\n"
    )

    with socket.create_connection(("127.0.0.1", port), timeout=20) as client:
        client.sendall(head.encode())
        answer = client.recv(65536)

    assert answer.startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize("length", ["-1", "1e9", "x"])
def test_a_length_that_is_none_is_refused(served: Running, length: str) -> None:
    port = int(served.url.rsplit(":", 1)[1])
    head = (
        f"POST /v1/jobs HTTP/1.1\r\nHost: [::1]\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
    )

    with socket.create_connection(("127.0.0.1", port), timeout=20) as client:
        client.sendall(head.encode())
        answer = client.recv(65536)

    assert answer.startswith(b"HTTP/1.1 400 ")
