"""The API as it is run: a real uvicorn over a real desk, and hands that settle what a test says."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from queue import Queue

import httpx
import pytest

from api.desk import Desk
from api.web.__main__ import Server, server
from jobs.errors import BadImage
from jobs.keys import manifest_uri, picture_uri
from jobs.ledger.leasing import Leasing
from jobs.ledger.views import Lease
from jobs.manifest import parse_manifest
from jobs.settings import Settings
from jobs.storage import open_storage
from jobs.sweep import Sweep
from tests.conftest import S3Server, deployed
from worker.results.records import RecordParts, refused_record, settled_record

PNG = b"\x89PNG\r\n\x1a\nnot really, but nobody decodes it here"
SPEC = {
    "name": "boots",
    "images": ["https://example.org/boot.png"],
    "model": "tiny",
    "prompt": "crayon drawing of a boot",
    "strength": [0.3, 0.5],
    "samples": 5,
}


@pytest.fixture(scope="session")
def deployment(redis_server: str, s3_server: S3Server) -> Settings:
    """One deployment for the room: its storage grows, its Redis is emptied before each test."""
    return deployed(redis_server, s3_server)


@pytest.fixture
def empty(deployment: Settings, redis_url: str) -> None:
    """An empty Redis that nobody has used before, as far as the storage knows."""
    forget_instance(deployment)


def forget_instance(deployment: Settings) -> None:
    """A Redis that was emptied is no alarm."""
    open_storage(deployment).delete(f"{deployment.output_uri}/_instance.json")


@pytest.fixture
def settings(deployment: Settings, empty: None) -> Settings:
    """The deployment's settings, over an empty Redis."""
    return deployment


@dataclass
class Running:
    """A server in a thread. `url` has no trailing slash."""

    url: str
    server: Server
    thread: threading.Thread

    def stop(self) -> None:
        """Ask it to go down, and wait until it has."""
        self.server.should_exit = True
        self.thread.join(20)
        assert not self.thread.is_alive()


@contextmanager
def running(settings: Settings) -> Iterator[Running]:
    """Serve the API of these settings until the block ends."""
    told: Queue[str] = Queue()
    made = server(settings, told.put)
    thread = threading.Thread(target=made.run, daemon=True)
    thread.start()
    run = Running(told.get(timeout=20), made, thread)
    try:
        yield run
    finally:
        run.stop()


@pytest.fixture(scope="session")
def served(deployment: Settings) -> Iterator[Running]:
    """The API, on a port of its own."""
    with running(deployment) as run:
        yield run


@pytest.fixture
def http(served: Running, empty: None) -> Iterator[httpx.Client]:
    """A client of it, which finds no jobs."""
    with httpx.Client(base_url=served.url, timeout=20, trust_env=False) as client:
        yield client


@dataclass
class Hands:
    """A worker without an engine: plans, leases, stores records and settles, as the real one does."""

    desk: Desk
    leasing: Leasing = field(init=False)

    def __post_init__(self) -> None:
        self.leasing = Leasing(self.desk.book)

    def plan(self, job: str) -> None:
        """The job's manifest is in storage, and it may be leased."""
        view = self.desk.book.describe(job)
        text = self.desk.book.spec(job)
        assert text is not None
        uri = manifest_uri(view.results_uri)
        self.desk.storage.write(uri, text, "application/json", if_absent=False)
        self.leasing.ready(job, count=view.count, total=view.total, span=view.total, manifest_uri=uri)

    def lease(self, *, chunk: int = 512) -> Lease:
        """What is next."""
        lease = self.leasing.lease(
            "w1",
            models=["tiny"],
            lease_seconds=30,
            slots=1,
            first_chunk=chunk,
            urgent_only=False,
            alone_allowed=True,
        )
        assert isinstance(lease, Lease)
        return lease

    def render(self, lease: Lease, *, refuse: tuple[int, ...] = (), part: int = 64, pictures: bool = False) -> None:
        """Settle the whole lease, `part` variants to a record file, and give it back; pictures are stored if asked."""
        text = self.desk.storage.read(lease.manifest_uri, limit=1 << 20)
        spec = parse_manifest(text, source="", format="json")
        sweep, parts = Sweep(spec), RecordParts(self.desk.storage, lease)
        for start in range(lease.start, lease.stop, part):
            records, settled = [], []
            for index in range(start, min(start + part, lease.stop)):
                if index in refuse:
                    continue
                key = picture_uri(lease.results_uri, spec, sweep[index])
                if pictures:
                    self.desk.storage.write(key, b"%d" % index, "image/png", if_absent=False)
                settled.append(index)
                records.append(
                    settled_record(
                        sweep[index], key=key, sha256="5" * 64, size=3, width=64, height=64,
                        image_sha256="6" * 64, fingerprint="7" * 32, seconds=0.5,
                    )
                )  # fmt: skip
            parts.write(records)
            self.leasing.settle(lease, settled, seconds=0.5 * len(settled))
        for index in sorted(set(refuse) & set(range(lease.start, lease.stop))):
            parts.write([refused_record(sweep[index], BadImage("no picture"), reason="no picture")])
            self.leasing.refuse(lease, index, code=BadImage.code, message="no picture")
        self.leasing.release(lease, [], chunk=None)

    def finish(self) -> None:
        """Do every duty that is due, by doing nothing: results count as written."""
        while duty := self.leasing.take_duty(hold_seconds=30):
            self.leasing.duty_done(duty)


@pytest.fixture(scope="session")
def desk(deployment: Settings) -> Desk:
    """The same deployment's desk, without a transport."""
    return Desk.open(deployment)


@pytest.fixture
def hands(desk: Desk, empty: None) -> Hands:
    """Hands at the same deployment."""
    return Hands(desk)


def accepted(http: httpx.Client, **said: object) -> str:
    """Submit `SPEC` with changes; the job's id."""
    answer = http.post("/v1/jobs", json=SPEC | said)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])
