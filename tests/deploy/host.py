"""A host that runs what compose files describe: the same commands, variables and health checks, without containers.

Names of services are this host's loopback, volumes are folders, and a port is listened to at loopback and where the
file publishes it: what it does not publish nobody else can reach.
"""

import os
import re
import signal
import subprocess
import sys
import time
from argparse import ArgumentParser
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from api.stack import rclone, valkey
from tests.deploy.described import Service, chosen, image_environment, services

LOOPBACK = "127.0.0.1"
READY_SECONDS = 120.0
IMAGES = {"api": "Dockerfile.api", "worker": "Dockerfile.worker", "worker-cpu": "Dockerfile.worker"}
ABSENT = ("prometheus", "grafana")
"""Their images are not ours, and what is theirs is tested elsewhere."""

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


@dataclass
class Host:
    """One machine. home: its files. inside: the command that enters its network. ports: said in files → really taken.

    more: variables of its own, which win.
    """

    home: Path
    inside: Sequence[str]
    ports: Mapping[str, str]
    more: Mapping[str, str] = field(default_factory=dict)
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    _said: dict[str, Service] = field(default_factory=dict)

    def __post_init__(self) -> None:
        tools = self.home / "bin"
        tools.mkdir(parents=True)
        for name, target in (("valkey-server", valkey.server_binary()), ("rclone", rclone.server_binary())):
            (tools / name).symlink_to(target)
        for name, program in (("valkey-cli", PING), ("wget", GET)):
            (tools / name).write_text(f"#!{sys.executable} -IS\n{program}")
            (tools / name).chmod(0o755)
        (tools / "python").write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
        (tools / "python").chmod(0o755)
        self.path = f"{tools}:{os.environ['PATH']}"

    def compose(self, argv: Sequence[str], folder: Path) -> None:
        """`docker compose` with these arguments, in that folder: `up`, the one verb that the page asks for."""
        parser = ArgumentParser(exit_on_error=False)
        parser.add_argument("-f", action="append", required=True)
        parser.add_argument("--profile", action="append", default=[])
        parser.add_argument("verb", choices=["up"])
        for flag in ("-d", "--build", "--wait"):
            parser.add_argument(flag, action="store_true")
        parser.add_argument("names", nargs="*")
        said = parser.parse_args(argv)
        files = [folder / name for name in said.f]
        lines = (files[0].parent / ".env").read_text().splitlines()
        described = services(files[0], dict(line.split("=", 1) for line in lines), *files[1:])
        for service in chosen(described, said.names, said.profile):
            if service.name not in ABSENT:
                self.start(service)

    def start(self, service: Service) -> None:
        """Start a service unless it runs like this already, and wait until it is healthy."""
        name = service.name
        assert set(service.needs) <= self.running.keys()
        if self._said.get(name) != service:
            if name in self.running:
                self.stop(name)
            self._said[name] = service
            with self.log(name).open("ab") as log:
                self.running[name] = subprocess.Popen(
                    [*self.inside, *self._command(service)],
                    env=self._environment(service),
                    stdout=log,
                    stderr=log,
                    cwd=self._volume(name),
                )
        self._wait_healthy(service)

    def stop(self, name: str) -> int:
        """Ask it to end; its exit code."""
        self.running[name].send_signal(signal.SIGTERM)
        return self.running[name].wait(60)

    def kill(self) -> None:
        """Leave nothing."""
        for process in reversed(self.running.values()):
            process.kill()
            process.wait()

    def log(self, name: str) -> Path:
        """What a service says."""
        return self.home / f"{name}.log"

    def _wait_healthy(self, service: Service) -> None:
        kind, *test = [self._here(word, service.name) for word in service.health]
        argv = [*self.inside, *(["sh", "-c", *test] if kind == "CMD-SHELL" else test)]
        deadline = time.monotonic() + READY_SECONDS
        while subprocess.call(argv, env=self._environment(service), stderr=subprocess.DEVNULL) != 0:
            log = self.log(service.name).read_text()[-3000:]
            assert self.running[service.name].poll() is None, log
            assert time.monotonic() < deadline, log
            time.sleep(0.5)

    def _command(self, service: Service) -> list[str]:
        published = [port.rpartition(":")[0].rpartition(":")[0] for port in service.ports]
        addresses = list(dict.fromkeys((LOOPBACK, *published)))
        words = [self._here(word, service.name) for word in service.command]
        if service.name == "redis":
            words += ["--bind", *addresses]
        if service.name == "s3":
            at = words.index("--addr")
            port = words[at + 1].rpartition(":")[2]
            listen = [word for address in addresses for word in ("--addr", f"{address}:{port}")]
            words = ["rclone", *words[:at], *listen, *words[at + 2 :]]  # the image's entrypoint is rclone
        return words

    def _environment(self, service: Service) -> dict[str, str]:
        image = image_environment(IMAGES[service.name]) if service.name in IMAGES else {}
        said = {name: self._here(value, service.name) for name, value in {**image, **service.environment}.items()}
        return {"HOME": str(self.home), "LANG": "C.UTF-8", **said, **self.more, "PATH": self.path}

    def _here(self, word: str, name: str) -> str:
        word = re.sub(r"\b(redis(?=:6379)|s3(?=:9000)|0\.0\.0\.0)\b", LOOPBACK, word)
        word = re.sub(r"\b(6379|9000|7801|7802)\b", lambda found: self.ports[found[0]], word)
        for folder in ("/data", "/var/cache/pentimento"):
            word = word.replace(folder, str(self._volume(name)))
        return word

    def _volume(self, name: str) -> Path:
        folder = self.home / "volumes" / name
        folder.mkdir(parents=True, exist_ok=True)
        return folder
