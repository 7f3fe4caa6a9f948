"""Promises about the real servers: that what they hold survives, who may read it, and what a plan makes of settings."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from api.stack.child import Child, ChildFailed
from api.stack.farm import Processes
from api.stack.folder import DataFolder
from api.stack.plan import plan
from api.stack.ports import LOOPBACK, free_port, is_taken
from api.stack.probes import http_answers, redis_answers, worker_is_listed
from api.stack.rclone import Rclone
from api.stack.valkey import Valkey
from jobs.ledger.book import Book
from jobs.settings import Settings
from tests.conftest import S3Server


@pytest.fixture
def processes() -> Iterator[Processes]:
    made = Processes(lambda _: None)
    yield made
    made.stop()


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> Settings:
    for name in [name for name in os.environ if name.startswith("PENTIMENTO_")]:
        monkeypatch.delenv(name)
    return Settings()


def say(port: int, command: str) -> bytes:
    with socket.create_connection((LOOPBACK, port), timeout=5) as connection:
        connection.sendall(command.encode() + b"\r\n")
        return connection.recv(4096)


def test_what_redis_has_confirmed_survives_kill_9(processes: Processes, tmp_path: Path) -> None:
    server = Valkey(tmp_path / "data", free_port(), tmp_path / "log")
    processes.start(server.child())
    said = say(server.port, "SET kept yes")

    processes.kill("redis")
    processes.restart("redis")

    assert said == b"+OK\r\n"
    assert say(server.port, "GET kept") == b"$3\r\nyes\r\n"


def test_redis_never_evicts_and_is_on_loopback_only(processes: Processes, tmp_path: Path) -> None:
    server = Valkey(tmp_path / "data", free_port(), tmp_path / "log")
    processes.start(server.child())

    policy, bind = (say(server.port, f"CONFIG GET {option}") for option in ("maxmemory-policy", "bind"))

    assert b"noeviction" in policy
    assert b"127.0.0.1" in bind


def test_the_store_keeps_its_keys_out_of_its_arguments(tmp_path: Path) -> None:
    child = Rclone(tmp_path, 1, tmp_path / "log", "an-access-key", "a-secret").child()

    assert "a-secret" not in " ".join(child.argv)
    assert (tmp_path / "pentimento").is_dir()


def test_the_store_refuses_who_does_not_sign(s3_server: S3Server) -> None:
    (s3_server.folder / s3_server.bucket / "open.txt").write_text("not for you")

    answer = httpx.get(f"{s3_server.endpoint}/{s3_server.bucket}/open.txt", timeout=60)

    assert answer.is_client_error
    assert b"not for you" not in answer.content


def test_a_plan_starts_servers_before_those_who_need_them(here: Settings, tmp_path: Path) -> None:
    made = plan(DataFolder(tmp_path), here, workers=2)

    assert [child.name for child in made.children] == ["redis", "s3", "api", "worker", "worker-2"]
    assert made.environment["PENTIMENTO_API_URL"] == made.api_url
    assert made.environment["PENTIMENTO_OUTPUT_URI"] == "s3://pentimento"
    assert made.environment["PENTIMENTO_S3_ENDPOINT"] == made.s3_endpoint


def test_each_of_several_workers_takes_a_gpu_of_its_own(here: Settings, tmp_path: Path) -> None:
    made = plan(DataFolder(tmp_path), here, workers=3)

    devices = [child.environment.get("PENTIMENTO_DEVICE") for child in made.children if child.tier == "worker"]
    assert devices == ["auto:0", "auto:1", "auto:2"]


def test_workers_share_the_device_that_is_named(here: Settings, tmp_path: Path) -> None:
    made = plan(DataFolder(tmp_path), here, workers=2, extra_env={"PENTIMENTO_DEVICE": "cuda:1"})

    devices = [child.environment.get("PENTIMENTO_DEVICE") for child in made.children if child.tier == "worker"]
    assert devices == ["cuda:1", "cuda:1"]


def test_several_workers_share_the_cores_but_one(
    here: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.stack.plan.cores_here", lambda: 16)
    told = [
        [child.environment.get("PENTIMENTO_THREADS") for child in made.children if child.tier == "worker"]
        for made in (
            plan(DataFolder(tmp_path), here, workers=4),
            plan(DataFolder(tmp_path), here, workers=1),
            plan(DataFolder(tmp_path), here, workers=2, extra_env={"PENTIMENTO_THREADS": "5"}),
        )
    ]

    assert told == [["3"] * 4, [None], ["5", "5"]]


def test_a_redis_and_a_store_that_run_are_used_instead(
    here: Settings, redis_url: str, s3_server: S3Server, tmp_path: Path
) -> None:
    given = {"PENTIMENTO_REDIS_URL": redis_url, "PENTIMENTO_S3_ENDPOINT": s3_server.endpoint}

    made = plan(DataFolder(tmp_path), here, extra_env=given)

    assert [child.name for child in made.children] == ["api", "worker"]
    assert made.environment["PENTIMENTO_REDIS_URL"] == redis_url
    assert made.s3_endpoint == s3_server.endpoint


def test_a_setting_of_the_environment_wins_over_what_a_farm_would_choose(
    monkeypatch: pytest.MonkeyPatch, here: Settings, tmp_path: Path
) -> None:
    del here
    monkeypatch.setenv("PENTIMENTO_FETCH_PRIVATE", "false")
    monkeypatch.setenv("PENTIMENTO_OUTPUT_URI", "s3://mine/deep")

    made = plan(DataFolder(tmp_path), Settings())

    assert "PENTIMENTO_FETCH_PRIVATE" not in made.environment
    assert (tmp_path / "objects" / "mine").is_dir()


@pytest.mark.parametrize(
    ("variable", "value"),
    [("PENTIMENTO_REDIS_URL", "redis://127.0.0.1:1/0"), ("PENTIMENTO_S3_ENDPOINT", "http://127.0.0.1:1")],
)
def test_a_named_server_that_does_not_answer_is_said(here: Settings, tmp_path: Path, variable: str, value: str) -> None:
    with pytest.raises(ChildFailed) as failed:
        plan(DataFolder(tmp_path), here, extra_env={variable: value})

    assert variable in str(failed.value)
    assert "unset it" in failed.value.remedy


def test_a_taken_port_is_said(here: Settings, tmp_path: Path) -> None:
    with socket.create_server((LOOPBACK, 0)) as taken:
        port = taken.getsockname()[1]

        with pytest.raises(ChildFailed, match=f"Port {port} on 127.0.0.1 is taken"):
            plan(DataFolder(tmp_path), here, port=port)

    assert not is_taken(free_port())


def test_no_port_is_given_twice_while_nobody_listens_there_yet() -> None:
    given = [free_port() for _ in range(300)]

    assert len({port + more for port in given for more in (0, 1)}) == 600


def test_a_probe_takes_silence_and_nonsense_for_no() -> None:
    with socket.create_server((LOOPBACK, 0)) as silent:  # accepts, and never answers
        url = f"//{LOOPBACK}:{silent.getsockname()[1]}"

        answers = redis_answers(f"redis:{url}/0"), http_answers(f"http:{url}/")

    assert answers == (False, False)


def test_a_worker_is_not_there_while_redis_is_not(here: Settings) -> None:
    book = Book.open(here.model_copy(update={"redis_url": SecretStr(f"redis://{LOOPBACK}:{free_port()}/0")}))

    assert not worker_is_listed(book, 1)


def test_a_redis_that_wants_a_password_gets_it(processes: Processes, tmp_path: Path) -> None:
    server = Valkey(tmp_path / "data", free_port(), tmp_path / "log")
    plain = server.child()
    url = f"redis://:p%40ss@{LOOPBACK}:{server.port}/0"
    locked = Child("redis", (*plain.argv, "--requirepass", "p@ss"), plain.log_file, lambda _: redis_answers(url))

    processes.start(locked)

    assert redis_answers(url)
    assert not redis_answers(server.url)


def test_a_farm_that_is_terminated_leaves_no_process(tmp_path: Path) -> None:
    """Redis and S3 for real, under a supervisor of its own that gets SIGTERM as `up` does."""
    script = """
import signal, sys
from pathlib import Path
from api.cli.interrupts import sigterm_as_interrupt
from api.stack.farm import Processes
from api.stack.folder import DataFolder
from api.stack.plan import plan
from jobs.ledger.book import Book
from jobs.settings import Settings
processes = Processes(lambda _: None)
with sigterm_as_interrupt():
    try:
        for child in plan(DataFolder(Path(sys.argv[1])), Settings()).children[:2]:
            processes.start(child)
        print(*processes.pids.values(), flush=True)
        processes.wait()
    except KeyboardInterrupt:
        processes.stop()
"""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PENTIMENTO_")}
    argv = [sys.executable, "-c", script, str(tmp_path)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, env=clean) as supervisor:
        assert supervisor.stdout is not None
        pids = [int(pid) for pid in supervisor.stdout.readline().split()]

        supervisor.send_signal(signal.SIGTERM)
        code = supervisor.wait(30)

    assert code == 0
    assert len(pids) == 2
    assert not [pid for pid in pids if Path(f"/proc/{pid}").exists()]
