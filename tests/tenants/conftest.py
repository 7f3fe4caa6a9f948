"""An API with two tenants who have done something, and clients of each."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass

import grpc
import httpx
import pytest

from api.access import Scope
from api.desk import Desk
from jobs.keys import sheet_uri
from tests.api.conftest import PNG, SPEC, Hands, Running, running
from tests.conftest import S3Server, deployed
from tests.stability.conftest import port_of

CANARY = "canary-of-alder"
"""In the name and the prompt of what the tenant `alder` has: nobody else may ever read it."""


@dataclass(frozen=True, slots=True)
class Tenants:
    """A server, a key of each tenant and of an admin, and what `alder` has. spec: `alder`'s, as it was sent."""

    run: Running
    desk: Desk
    alder: str
    birch: str
    reader: str
    admin: str
    job: str
    upload: str
    spec: dict[str, object]

    def http(self, key: str) -> httpx.Client:
        """A client with this key; "": without one."""
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        return httpx.Client(base_url=self.run.url, headers=headers, timeout=20, trust_env=False)

    @property
    def grpc_target(self) -> str:
        """Where the native gRPC door listens."""
        return f"127.0.0.1:{port_of(self.run)}"


@pytest.fixture(scope="module")
def tenants(redis_server: str, s3_server: S3Server) -> Iterator[Tenants]:
    """`alder` has an upload and a finished job with pictures and a sheet; the tests of one file share them."""
    deployment = deployed(redis_server, s3_server).model_copy(update={"redis_prefix": f"{uuid.uuid4().hex}:"})
    hands = Hands(Desk.open(deployment))
    made = {
        name: hands.desk.gate.create(caller, scopes, label=name, expires_seconds=0).text
        for name, caller, scopes in (
            ("admin", "ops", {Scope.ADMIN}),
            ("alder", "alder", {Scope.SUBMIT, Scope.READ}),
            ("birch", "birch", {Scope.SUBMIT, Scope.READ}),
            ("reader", "birch", {Scope.READ}),
        )
    }
    with running(deployment.model_copy(update={"grpc_port": 0, "door_alive_seconds": 0.1})) as run:
        with httpx.Client(base_url=run.url, headers={"Authorization": f"Bearer {made['alder']}"}) as http:
            upload = http.post("/v1/uploads", content=PNG).raise_for_status().json()["uri"]
            spec = SPEC | {"name": CANARY, "prompt": f"a boot, {CANARY}"}
            job = http.post("/v1/jobs", json=spec, headers={"Idempotency-Key": "same"}).raise_for_status().json()["id"]
        hands.plan(job)
        hands.render(hands.lease(), refuse=(2,), pictures=True)
        hands.finish()
        hands.desk.storage.write(
            sheet_uri(hands.desk.book.describe(job).results_uri), b"a sheet", "image/png", if_absent=False
        )
        yield Tenants(run, hands.desk, **made, job=job, upload=upload, spec=spec)


@pytest.fixture
def channel(tenants: Tenants) -> Iterator[grpc.Channel]:
    with grpc.insecure_channel(tenants.grpc_target) as found:
        yield found
