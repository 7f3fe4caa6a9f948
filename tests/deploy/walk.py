"""Walks deploy/README.md from one box to two by its own commands; the test runs this as a program.

`python -m tests.deploy.walk FOLDER [--hosts]` prints what came of it as one JSON line. With `--hosts` it expects to be
in a network namespace of its own, and becomes the head, 10.0.0.1, with a second host beside it; else both hosts are
this machine, at other ports. What neither has (`docker`, `ssh`, `scp`) are programs that ask this one to do it.
"""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from api.stack.ports import free_port
from jobs.ledger.book import Book
from jobs.settings import Settings
from tests.deploy.described import ROOT
from tests.deploy.fleet import ip
from tests.deploy.host import LOOPBACK, Host
from tests.stories.conftest import picture

HEAD, OTHER = "10.0.0.1", "10.0.0.2"
PORTS = ("6379", "9000", "7801", "7802")
SECONDS = 280
END = "the block is over"
ASK = """import json, os, socket, sys
with socket.socket(socket.AF_UNIX) as walk:
    walk.connect(os.environ["WALK"])
    said = [os.path.basename(sys.argv[0]), *sys.argv[1:]]
    data = sys.stdin.buffer.read().hex() if said[0] == "ssh" else ""
    walk.sendall(json.dumps([os.environ["WALK_HOST"], os.getcwd(), said, data]).encode() + b"\\n")
    code, text = json.loads(walk.makefile().readline())
    sys.stderr.write(text)
    sys.exit(code)
"""


def section(number: int) -> list[str]:
    """The commands of one step of the page, block by block."""
    page = (ROOT / "deploy" / "README.md").read_text()
    (text,) = re.findall(rf"(?ms)^## {number}\. .*?(?=^## )", page)
    return re.findall(r"(?ms)^```sh\n(.*?)^```$", text)


class Terminal:
    """A shell in which a reader pastes block after block."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self._pasted = folder / ".git" / "pasted"
        self._shell = subprocess.Popen(
            ["bash", "-eu", "-o", "pipefail"], cwd=folder, env=dict(environment), text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip

    def paste(self, block: str) -> str:
        """What it says to a block, each command of which must succeed."""
        into, out = self._shell.stdin, self._shell.stdout
        assert into is not None
        assert out is not None
        self._pasted.write_text(block)
        into.write(f". .git/pasted </dev/null\necho '{END}'\n")
        into.flush()
        said: list[str] = []
        for line in out:
            if line.strip() == END:
                return "".join(said)
            said.append(line)
        raise AssertionError(f"the shell gave up on:\n{block}\n{''.join(said)}")

    def close(self) -> None:
        """Hang up."""
        self._shell.kill()
        self._shell.communicate()


@dataclass
class Net:
    """The hosts, and what answers for `docker`, `ssh` and `scp`."""

    folder: Path
    hosts: dict[str, Host] = field(default_factory=dict)

    def environment(self, name: str) -> dict[str, str]:
        """Of a shell on a host."""
        tools = f"{self.folder / 'tools'}:{os.environ['PATH']}"
        home = str(self.hosts[name].home)
        return {"PATH": tools, "HOME": home, "WALK": str(self.folder / "walk"), "WALK_HOST": name, "LANG": "C.UTF-8"}

    def serve(self) -> None:
        """Answer, until this program ends."""
        tools = self.folder / "tools"
        tools.mkdir()
        for name in ("docker", "ssh", "scp"):
            (tools / name).write_text(f"#!{sys.executable} -IS\n{ASK}")
            (tools / name).chmod(0o755)
        door = socket.socket(socket.AF_UNIX)
        door.bind(str(self.folder / "walk"))
        door.listen()

        def answer(asked: socket.socket) -> None:
            with asked, asked.makefile("rw") as lines:
                try:
                    host, cwd, said, data = json.loads(lines.readline())
                    told = self.do(host, Path(cwd), said, bytes.fromhex(data))
                except Exception as error:  # noqa: BLE001 - the shell says it, and the test
                    told = (1, f"{type(error).__name__}: {error}\n")
                lines.write(json.dumps(told) + "\n")

        def listen() -> None:
            while True:
                threading.Thread(target=answer, args=door.accept()[:1], daemon=True).start()

        threading.Thread(target=listen, daemon=True).start()

    def do(self, host: str, cwd: Path, said: Sequence[str], data: bytes) -> tuple[int, str]:
        """One command on one host: exit code and what it says."""
        program, *argv = said
        if program == "docker" and argv[0] == "compose":
            self.hosts[host].compose(argv[1:], cwd)
            return 0, ""
        if program == "scp":
            source, (to, _, path) = cwd / argv[0], argv[1].partition(":")
            (self.hosts[to].home / path).write_bytes(source.read_bytes())
            return 0, ""
        assert program == "ssh", said
        other = self.hosts[argv[0]]
        ran = subprocess.run(
            [*other.inside, "sh", "-c", " ".join(argv[1:])], cwd=other.home, env=self.environment(argv[0]),
            input=data, capture_output=True, check=False,
        )  # fmt: skip
        return ran.returncode, (ran.stdout + ran.stderr).decode()


def checkout(folder: Path) -> None:
    """A clone as a reader has it, as far as the page needs it, with a `pentimento` that need not be installed."""
    shutil.copytree(ROOT / "deploy", folder / "deploy", ignore=shutil.ignore_patterns(".env", "*.override.yaml"))
    shutil.copy(ROOT / ".gitignore", folder)
    launcher = folder / "pentimento"
    launcher.write_text(f'#!/bin/sh\nexec "{Path(sys.executable).parent / "pentimento"}" "$@"\n')
    launcher.chmod(0o755)
    git = ["git", "-c", "user.name=reader", "-c", "user.email=reader@example.org"]
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "as it was cloned"]):
        subprocess.run([*git, *words], cwd=folder, check=True)


def networks(ends: ExitStack) -> list[str]:
    """Make this the head, with a wire to another host; the command that enters that one's network."""
    holder = subprocess.Popen(["unshare", "--net", "sh", "-c", "echo; exec sleep 600"], stdout=subprocess.PIPE)
    ends.callback(holder.communicate)
    ends.callback(holder.kill)
    assert holder.stdout is not None
    holder.stdout.readline()
    ip("link", "set", "lo", "up")
    ip("link", "add", "wire", "type", "veth", "peer", "name", "eth0", "netns", str(holder.pid))
    ip("addr", "add", f"{HEAD}/24", "dev", "wire")
    ip("link", "set", "wire", "up")
    ip("addr", "add", f"{OTHER}/24", "dev", "eth0", inside=holder.pid)
    ip("link", "set", "eth0", "up", inside=holder.pid)
    ip("link", "set", "lo", "up", inside=holder.pid)
    return ["nsenter", "--target", str(holder.pid), "--net", "--"]


class Reader:
    """Who follows the page, and looks at what comes of it."""

    def __init__(self, head: Host, terminal: Terminal, translate: Callable[[str], str]) -> None:
        self._terminal, self._translate = terminal, translate
        self._head = head
        self.probe = head.ports["7802"]
        self.url = f"http://{LOOPBACK}:{head.ports['7801']}"
        self.http = httpx.Client(base_url=self.url, timeout=30, trust_env=False)
        self.secrets: dict[str, str] = {}

    def paste(self, block: str) -> str:
        """Paste a block of the page."""
        return self._terminal.paste(self._translate(block))

    def learn(self) -> None:
        """Read the secrets that were drawn."""
        lines = (self._head.home / "pentimento" / "deploy" / ".env").read_text().splitlines()
        self.secrets = dict(line.split("=", 1) for line in lines)
        self.http.headers["Authorization"] = f"Bearer {self.secrets['ADMIN_KEY']}"

    def workers(self) -> list[str]:
        """Who is there."""
        return [one["id"] for one in self.http.get("/v1/workers").raise_for_status().json()["workers"]]

    def heard(self, worker: str) -> None:
        """It has announced itself twice since, and the answer to the first told it what is asked of it."""
        for _ in range(2):
            before = self._seen(worker)
            while self._seen(worker) == before:
                time.sleep(0.1)  # the alarm ends what never ends

    def _seen(self, worker: str) -> float:
        told = self.http.get("/v1/workers").raise_for_status().json()["workers"]
        return next(float(one["seen_at"]) for one in told if one["id"] == worker)

    def job(self, hue: int) -> dict[str, Any]:
        """A job of two pictures: how it ended, who made them, and whether its links open."""
        image = self.http.post("/v1/uploads", content=picture(hue)).raise_for_status().json()["uri"]
        spec = {"images": [image], "model": "tiny", "prompt": "a boat", "strength": [0.3, 0.6], "steps": 4, "seed": 1}
        job = self.http.post("/v1/jobs", json=spec).raise_for_status().json()["id"]
        while not (view := self.http.get(f"/v1/jobs/{job}").raise_for_status().json())["written"]:
            time.sleep(0.1)  # the alarm ends what never ends
        records = self.http.get(f"/v1/jobs/{job}/results").raise_for_status().json()["records"]
        pictures = [httpx.get(one["link"], trust_env=False).raise_for_status().content for one in records]
        return {
            "state": view["state"],
            "pngs": sum(data.startswith(b"\x89PNG") for data in pictures),
            "by": sorted({one["worker"] for one in records}),
        }

    def addresses(self) -> list[str]:
        """Where the clients of Redis are."""
        url = f"redis://:{self.secrets['REDIS_PASSWORD']}@{LOOPBACK}:{self._head.ports['6379']}/0"
        book = Book.open(Settings.model_validate({"redis_url": url}))
        found = sorted({str(one["addr"]).rpartition(":")[0] for one in book.redis.client_list()})
        book.redis.close()
        return found


def story(reader: Reader) -> dict[str, object]:
    """Steps 2 and 3 of the page, with a look at each stage."""
    start, keys, monitoring = section(2)
    second, look = section(3)
    reader.paste(start)
    reader.learn()
    said: dict[str, object] = {"keys": reader.paste(keys), "one": reader.workers(), "job": reader.job(70)}
    watching = {"Authorization": f"Bearer {reader.secrets['METRICS_KEY']}"}
    page = reader.http.get("/metrics", headers=watching).raise_for_status().text
    worker = httpx.get(f"http://{LOOPBACK}:{reader.probe}/metrics", trust_env=False).raise_for_status().text
    said["pages"] = {"api": page, "worker": worker}
    said["up"] = "pentimento_redis_up 1" in page and 'pentimento_jobs{state="succeeded"} 1' in page
    with httpx.Client(base_url=reader.url, trust_env=False) as nobody:
        said["strangers"] = [nobody.get(path).status_code for path in ("/metrics", "/v1/demand", "/v1/jobs")]
    reader.paste(monitoring)
    (mine,) = reader.workers()
    reader.paste(second)
    said |= {"look": reader.paste(look), "two": reader.workers()}
    reader.paste(f"./pentimento workers drain {mine}")
    reader.heard(mine)
    return said | {"mine": mine, "other job": reader.job(90), "addresses": reader.addresses()}


def main(folder: Path, *, hosts: bool) -> None:
    """Tell the story; whatever happens, nothing is left."""
    signal.signal(signal.SIGALRM, lambda *_: sys.exit("it takes too long"))
    signal.alarm(SECONDS)
    with ExitStack() as ends:
        inside = networks(ends) if hosts else []
        taken = PORTS if hosts else tuple(str(free_port()) for _ in PORTS)
        elsewhere = PORTS if hosts else (*taken[:3], str(free_port()))
        net = Net(folder)
        net.hosts["head"] = Host(folder / "head", [], dict(zip(PORTS, taken, strict=True)))
        # One worker here loads the real engine; the other's backend only waits, which is enough to take work.
        waits = {"PENTIMENTO_BACKEND": "paced"}
        net.hosts["render-2"] = Host(folder / "other", inside, dict(zip(PORTS, elsewhere, strict=True)), waits)
        for host in net.hosts.values():
            ends.callback(host.kill)
        net.serve()
        head = net.hosts["head"]
        checkout(head.home / "pentimento")
        api = {"PENTIMENTO_API_URL": f"http://{LOOPBACK}:{head.ports['7801']}"}
        terminal = Terminal(head.home / "pentimento", net.environment("head") | ({} if hosts else api))
        ends.callback(terminal.close)
        reader = Reader(head, terminal, lambda block: block if hosts else block.replace(HEAD, LOOPBACK))
        ends.callback(reader.http.close)
        try:
            said = story(reader)
        except BaseException:
            for path in folder.glob("*/*.log"):
                print(path, path.read_text()[-2000:], sep="\n", file=sys.stderr)
            raise
        said["from"] = OTHER if hosts else LOOPBACK
        said["ends"] = {
            f"{at} {name}": host.stop(name)
            for at, host in reversed(net.hosts.items())
            for name in reversed(host.running)
        }
        print(json.dumps(said), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), hosts="--hosts" in sys.argv)
