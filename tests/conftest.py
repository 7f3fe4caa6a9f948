"""Real servers for every test that needs one: one Valkey and one S3 store for the whole run, started on first use."""

import shutil
import socket
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from pydantic import SecretStr

from api.stack.child import Running
from api.stack.ports import LOOPBACK, free_port
from api.stack.rclone import Rclone
from api.stack.valkey import Valkey
from jobs.settings import Settings
from tests.system_tools import in_ci

TEST_ACCESS_KEY = "pentimento-tests"
TEST_SECRET_KEY = "not-a-secret-of-anyone"


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what needs a tool that is not here, except in CI, where nothing may be skipped for want of one."""
    for marker in item.iter_markers("system"):
        if not shutil.which(marker.args[0]) and not in_ci():
            pytest.skip(f"{marker.args[0]} is not installed; ./pentimento test --install-system installs it")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Where two files run at once, the long ones come first, so that none is left alone at the end."""
    if hasattr(config, "workerinput"):
        long = {item.path for item in items if item.get_closest_marker("slow")}
        items.sort(key=lambda item: item.path not in long)


@dataclass(frozen=True, slots=True)
class S3Server:
    """An S3 store that runs. `folder` holds the bucket's objects as plain files, below `folder/bucket`."""

    endpoint: str
    access_key: str
    secret_key: str = field(repr=False)
    bucket: str
    folder: Path


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a real Valkey with an AOF, for the whole run."""
    folder = tmp_path_factory.mktemp("valkey")
    server = Valkey(folder / "data", free_port(), folder / "valkey.log")
    running = Running(server.child())
    try:
        running.wait_ready()
        yield server.url
    finally:
        running.stop()


@pytest.fixture
def redis_url(redis_server: str) -> str:
    """The same server's URL, emptied before each test."""
    with socket.create_connection((LOOPBACK, urlsplit(redis_server).port), timeout=5) as connection:
        connection.sendall(b"FLUSHALL\r\n")
        assert connection.recv(64) == b"+OK\r\n"
    return redis_server


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """A real S3 store with one bucket, for the whole run."""
    folder = tmp_path_factory.mktemp("s3")
    server = Rclone(folder / "objects", free_port(), folder / "rclone.log", TEST_ACCESS_KEY, TEST_SECRET_KEY)
    running = Running(server.child())
    try:
        running.wait_ready()
        yield S3Server(server.endpoint, server.access_key, server.secret_key, server.bucket, server.folder)
    finally:
        running.stop()


def deployed(redis: str, s3: S3Server) -> Settings:
    """One deployment on those servers: an output folder of its own, an API on any port of this machine."""
    return Settings(
        redis_url=SecretStr(redis),
        s3_endpoint=s3.endpoint,
        s3_access_key=s3.access_key,
        s3_secret_key=SecretStr(s3.secret_key),
        output_uri=f"s3://{s3.bucket}/{uuid.uuid4().hex}",
        host="127.0.0.1",
        port=0,
    )


@pytest.fixture
def s3_prefix(s3_server: S3Server) -> str:
    """A URI prefix in the store's bucket, ending in a slash, that no other test writes below."""
    return f"s3://{s3_server.bucket}/{uuid.uuid4().hex}/"
