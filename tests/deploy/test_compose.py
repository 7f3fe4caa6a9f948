"""The system starts as the compose file describes it: its commands, variables and health checks, without containers."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from api.stack import rclone, valkey
from tests.deploy.described import DEPLOY, Service, drawn_secrets, image_environment, services
from tests.stories.conftest import picture

pytestmark = pytest.mark.timeout(300)
ORDER = ("redis", "s3", "api", "worker-cpu")
IMAGES = {"api": "Dockerfile.api", "worker-cpu": "Dockerfile.worker"}
READY_SECONDS = 120.0

# What the images of others bring along, said in Python: no machine need have it.
PING = """import os, socket, sys
with socket.create_connection(("127.0.0.1", int(sys.argv[2])), timeout=5) as redis:
    redis.sendall(f"AUTH {os.environ['REDISCLI_AUTH']}\\r\\nPING\\r\\n".encode())
    answers = redis.makefile()
    print(answers.readline(), answers.readline())
"""
GET = """import sys, urllib.error, urllib.request
try:
    urllib.request.urlopen(sys.argv[-1], timeout=5)
except urllib.error.HTTPError as error:
    print(error.code)
"""


def free_ports(count: int) -> list[int]:
    with ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in sockets]


@dataclass
class Composed:
    """Services of the compose file, as processes. Names of hosts, ports and folders are those of this machine."""

    folder: Path
    secrets: Mapping[str, str] = field(default_factory=drawn_secrets)
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.described = services(DEPLOY / "compose.yaml", self.secrets)
        self.ports = dict(zip(("6379", "9000", "7801", "7802"), map(str, free_ports(4)), strict=True))
        self.url = f"http://127.0.0.1:{self.ports['7801']}"
        tools = self.folder / "bin"
        tools.mkdir()
        for name, target in (("valkey-server", valkey.server_binary()), ("rclone", rclone.server_binary())):
            (tools / name).symlink_to(target)
        for name, program in (("valkey-cli", PING), ("wget", GET)):
            (tools / name).write_text(f"#!{sys.executable} -IS\n{program}")
            (tools / name).chmod(0o755)
        (tools / "python").write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
        (tools / "python").chmod(0o755)
        self.path = f"{tools}:{os.environ['PATH']}"

    def start(self, name: str) -> None:
        """Start a service once those that it needs are healthy, and wait until it is, too."""
        service = self.described[name]
        assert set(service.needs) <= self.running.keys()
        command = [self._here(word, name) for word in service.command]
        if name == "s3":
            command.insert(0, "rclone")  # the image's entrypoint
        with (self.folder / f"{name}.log").open("wb") as log:
            self.running[name] = subprocess.Popen(
                command, env=self._environment(service), stdout=log, stderr=log, cwd=self._volume(name)
            )
        self._wait_healthy(service)

    def _wait_healthy(self, service: Service) -> None:
        kind, *test = [self._here(word, service.name) for word in service.health]
        argv = ["sh", "-c", *test] if kind == "CMD-SHELL" else test
        deadline = time.monotonic() + READY_SECONDS
        while subprocess.call(argv, env=self._environment(service), stderr=subprocess.DEVNULL) != 0:
            log = (self.folder / f"{service.name}.log").read_text()[-3000:]
            assert self.running[service.name].poll() is None, log
            assert time.monotonic() < deadline, log
            time.sleep(0.2)

    def stop(self, name: str) -> int:
        self.running[name].send_signal(signal.SIGTERM)
        return self.running[name].wait(60)

    def kill(self) -> None:
        for process in reversed(self.running.values()):
            process.kill()
            process.wait()

    def _environment(self, service: Service) -> dict[str, str]:
        image = image_environment(IMAGES[service.name]) if service.name in IMAGES else {}
        said = {name: self._here(value, service.name) for name, value in {**image, **service.environment}.items()}
        return {"HOME": str(self.folder), "LANG": "C.UTF-8", **said, "PATH": self.path}

    def _here(self, word: str, name: str) -> str:
        word = re.sub(r"^(?=:9000$)|\b(redis(?=:6379)|s3(?=:9000)|0\.0\.0\.0)\b", "127.0.0.1", word)
        word = re.sub(r"\b(6379|9000|7801|7802)\b", lambda found: self.ports[found[0]], word)
        for folder in ("/data", "/var/cache/pentimento"):
            word = word.replace(folder, str(self._volume(name)))
        return word

    def _volume(self, name: str) -> Path:
        folder = self.folder / "volumes" / name
        folder.mkdir(parents=True, exist_ok=True)
        return folder


@pytest.fixture
def composed(tmp_path: Path) -> Iterator[Composed]:
    made = Composed(tmp_path)
    try:
        yield made
    finally:
        with suppress(ProcessLookupError):
            made.kill()


def test_what_compose_describes_starts_renders_a_job_and_leaves_in_good_order(composed: Composed) -> None:
    for name in ORDER:
        composed.start(name)
    key = {"Authorization": f"Bearer {composed.secrets['ADMIN_KEY']}"}
    watching = {"Authorization": f"Bearer {composed.secrets['METRICS_KEY']}"}
    with httpx.Client(base_url=composed.url, timeout=30, trust_env=False) as http:
        image = http.post("/v1/uploads", content=picture(70), headers=key).raise_for_status().json()["uri"]
        spec = {"images": [image], "model": "tiny", "prompt": "a boat", "strength": [0.3, 0.6], "steps": 4, "seed": 1}
        job = http.post("/v1/jobs", json=spec, headers=key).raise_for_status().json()["id"]

        deadline = time.monotonic() + 120
        while not (view := http.get(f"/v1/jobs/{job}", headers=key).raise_for_status().json())["written"]:
            assert time.monotonic() < deadline, (view, (composed.folder / "worker-cpu.log").read_text()[-3000:])
            time.sleep(0.1)
        records = http.get(f"/v1/jobs/{job}/results", headers=key).raise_for_status().json()["records"]
        pictures = [httpx.get(record["link"], trust_env=False).raise_for_status().content for record in records]
        page = http.get("/metrics", headers=watching)
        strangers = [http.get(path).status_code for path in ("/metrics", "/v1/demand")]

    assert (view["state"], view["settled"], len(pictures)) == ("succeeded", 2, 2)
    assert all(data.startswith(b"\x89PNG") for data in pictures)
    assert page.status_code == 200
    assert "pentimento_redis_up 1" in page.text
    assert strangers == [401, 401]
    worker, api, *_ = [composed.stop(name) for name in reversed(ORDER)]
    assert worker == 0
    assert api in {0, -signal.SIGTERM}  # uvicorn ends as it was asked to, once everything is done
