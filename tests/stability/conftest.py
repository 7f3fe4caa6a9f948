"""The door as it is run, in the API's process, and hands that settle what a test says."""

from collections.abc import Iterator

import grpc
import httpx
import pytest
from pydantic import SecretStr

from jobs.settings import Settings
from tests.api.conftest import Hands, Running, deployment, desk, empty, hands, running
from tests.remote.conftest import certificate

__all__ = ["certificate", "deployment", "desk", "empty", "hands"]

KEY = "a-key-of-the-door"
ORIGIN = "https://studio.example"


@pytest.fixture
def door_settings(deployment: Settings) -> Settings:
    """Quick signs of life and a short grace."""
    return deployment.model_copy(
        update={
            "grpc_port": 0,
            "door_alive_seconds": 0.1,
            "door_grace_seconds": 0.3,
            "door_origins": (ORIGIN,),
            "engines": ("stable-diffusion-xl-1024-v0-9=tiny",),
        }
    )


@pytest.fixture
def served(door_settings: Settings, empty: None) -> Iterator[Running]:
    with running(door_settings) as run:
        yield run


@pytest.fixture
def keyed(door_settings: Settings, empty: None) -> Iterator[Running]:
    """The same, where a key is asked for."""
    with running(door_settings.model_copy(update={"door_key": SecretStr(KEY)})) as run:
        yield run


def port_of(run: Running) -> int:
    """Where the native door listens."""
    assert run.server.native is not None
    return run.server.native.port


@pytest.fixture
def channel(served: Running) -> Iterator[grpc.Channel]:
    with grpc.insecure_channel(f"127.0.0.1:{port_of(served)}") as found:
        yield found


@pytest.fixture
def web(served: Running) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=served.url, timeout=20, trust_env=False) as client:
        yield client


def job_of(hands: Hands) -> str:
    """The newest job."""
    return hands.desk.book.jobs(caller="default", limit=1)[0].id


def do_it(hands: Hands, *, refuse: tuple[int, ...] = ()) -> str:
    """Be the worker for the newest job."""
    job = job_of(hands)
    hands.plan(job)
    hands.render(hands.lease(), refuse=refuse, pictures=True)
    return job
