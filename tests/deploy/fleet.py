"""Three workers of different abilities over one ledger, each a host of its own; the test runs this as a program.

`python -m tests.deploy.fleet FOLDER [--hosts]` prints what came of it as one JSON line. With `--hosts` it expects to be
in a network namespace of its own: it becomes the host with Redis and the store, and gives each worker another one.
Namespaces have no names, so that nothing is left of them whatever ends this program.
"""

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from api.desk import Desk
from api.stack.child import Child, Running
from api.stack.ports import LOOPBACK, free_port
from api.stack.probes import http_answers, redis_answers
from api.stack.rclone import Rclone
from api.stack.valkey import Valkey
from jobs.settings import Settings
from jobs.spec import parse_spec
from tests.stories.conftest import QUICK, picture

HEAD = "10.213.0.1"
SECONDS = 150.0
WORKERS = (
    {"PENTIMENTO_BACKEND": "local", "PENTIMENTO_OFFERS": "tiny"},
    {"PENTIMENTO_BACKEND": "paced", "PENTIMENTO_OFFERS": "sd15"},
    {"PENTIMENTO_BACKEND": "paced", "PENTIMENTO_OFFERS": "sdxl,tiny-xl"},
)
JOBS: dict[str, dict[str, Any]] = {
    "real": {"model": "tiny"},
    "first": {"model": "sd15"},
    "second": {"model": "sdxl", "run": {"backend": "paced"}},
    "nobody's": {"model": "sdxl", "run": {"backend": "local"}},
}


def at(address: str, child: Child) -> Child:
    """The same server, listening there instead of on loopback only."""
    argv = tuple(word.replace(LOOPBACK, address) for word in child.argv)
    return Child(child.name, argv, child.log_file, child.is_ready, environment=child.environment)


def namespaces() -> list[str]:
    """The command that gives a program a network of its own; empty where this machine has none to give."""
    if not all(map(shutil.which, ("unshare", "nsenter", "ip"))):
        return []
    needed = "ip link add hub type bridge && ip link add w0 type veth peer name w1 && unshare --net true"
    for rights in ((), ("--user", "--map-root-user")):
        asked = ["unshare", *rights, "--net"]
        if subprocess.run([*asked, "sh", "-c", needed], capture_output=True, check=False, timeout=30).returncode == 0:
            return asked
    return []


def ip(*words: str, inside: int = 0) -> None:
    """One command of `ip`, in the namespace of a process."""
    into = ["nsenter", "--target", str(inside), "--net"] if inside else []
    subprocess.run([*into, "ip", *words], check=True, capture_output=True, timeout=30)


@contextmanager
def served(folder: Path, head: str) -> Iterator[dict[str, str]]:
    """Redis and a store at the head's address; what workers must know of them."""
    redis = Valkey(folder / "redis", free_port(), folder / "redis.log")
    store = Rclone(folder / "objects", free_port(), folder / "s3.log", "pentimento-tests", "not-a-secret")
    url, endpoint = f"redis://:secret@{head}:{redis.port}/0", f"http://{head}:{store.port}"
    guarded = redis.child()
    children = (
        Child("redis", (*guarded.argv, "--requirepass", "secret"), guarded.log_file, lambda _: redis_answers(url)),
        Child("s3", store.child().argv, folder / "s3.log", lambda _: http_answers(endpoint),
              environment=store.child().environment),
    )  # fmt: skip
    with ExitStack() as ends:
        for child in children:
            running = Running(at(head, child))
            ends.callback(running.stop)
            running.wait_ready()
        yield {
            **QUICK,
            "PENTIMENTO_REDIS_URL": url,
            "PENTIMENTO_S3_ENDPOINT": endpoint,
            "PENTIMENTO_S3_ACCESS_KEY": store.access_key,
            "PENTIMENTO_S3_SECRET_KEY": store.secret_key,
            "PENTIMENTO_CACHE_DIR": str(folder / "cache"),
            "PENTIMENTO_PACED_SECONDS": "0.05",
        }


@contextmanager
def worker(folder: Path, number: int, environment: Mapping[str, str], *, host: bool) -> Iterator[None]:
    """A worker, on a host of its own where that is wanted: it waits for its network before it begins."""
    run = ["sh", "-c", 'echo; read -r _; exec "$0" -P -m worker', sys.executable]
    with (folder / f"worker-{number}.log").open("wb") as log:
        process = subprocess.Popen(
            ["unshare", "--net", *run] if host else run,
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": str(folder), **environment},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
        )  # fmt: skip
    into, out = process.stdin, process.stdout
    assert into is not None
    assert out is not None
    try:
        out.readline()
        if host:
            ip("link", "add", f"w{number}", "type", "veth", "peer", "name", "eth0", "netns", str(process.pid))
            ip("link", "set", f"w{number}", "master", "hub", "up")
            ip("addr", "add", f"10.213.0.{10 + number}/24", "dev", "eth0", inside=process.pid)
            ip("link", "set", "eth0", "up", inside=process.pid)
            ip("link", "set", "lo", "up", inside=process.pid)
        into.write(b"go\n")
        into.flush()
        yield
        process.terminate()
        assert process.wait(60) == 0, (folder / f"worker-{number}.log").read_text()[-3000:]
    finally:
        process.kill()
        process.wait()
        into.close()
        out.close()


def story(folder: Path, environment: Mapping[str, str]) -> dict[str, object]:
    """A job for each worker and one for nobody; who rendered what, from where, once the three are written."""
    fields = {name.removeprefix("PENTIMENTO_").lower(): value for name, value in environment.items()}
    desk = Desk.open(Settings.model_validate(fields))
    image = desk.upload(picture(20), caller="default").uri
    base = {"images": [image], "prompt": "a boat", "strength": [0.3, 0.5, 0.7], "samples": 4, "steps": 4}
    deadline = time.monotonic() + SECONDS
    while len(desk.workers()) < len(WORKERS):
        assert time.monotonic() < deadline, "the workers did not come"
        time.sleep(0.1)
    ids = {
        name: desk.submit(parse_spec(base | more, source=name), caller="default", idempotency_key=None).job.id
        for name, more in JOBS.items()
    }
    while not all(desk.get(job, caller="default").written for name, job in ids.items() if name != "nobody's"):
        assert time.monotonic() < deadline, {name: desk.get(job, caller="default") for name, job in ids.items()}
        time.sleep(0.1)
    views = {name: desk.get(job, caller="default") for name, job in ids.items()}
    while sum(one.rendered for one in desk.workers()) < 3 * 12:  # told a tick later
        assert time.monotonic() < deadline, desk.workers()
        time.sleep(0.1)
    clients = {str(one["addr"]).rpartition(":")[0] for one in desk.book.redis.client_list()}
    said = {
        "states": {name: str(view.state) for name, view in views.items()},
        "settled": {name: view.settled for name, view in views.items()},
        "rendered": {one.queue: one.rendered for one in desk.workers()},
        "addresses": sorted(clients),
    }
    desk.book.redis.close()
    return said


def main(folder: Path, *, hosts: bool) -> None:
    """Tell the story."""
    head = LOOPBACK
    if hosts:
        head = HEAD
        ip("link", "set", "lo", "up")
        ip("link", "add", "hub", "type", "bridge")
        ip("addr", "add", f"{HEAD}/24", "dev", "hub")
        ip("link", "set", "hub", "up")
    with ExitStack() as ends:
        environment = ends.enter_context(served(folder, head))
        for number, more in enumerate(WORKERS, 1):
            ends.enter_context(worker(folder, number, {**environment, **more}, host=hosts))
        print(json.dumps(story(folder, environment)), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), hosts="--hosts" in sys.argv)
