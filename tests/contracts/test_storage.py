"""What every store promises, run on each: rclone (ignores If-None-Match), moto (honours it), plain folders."""

import hashlib
import threading
import urllib.request
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol

import pytest
from moto.server import ThreadedMotoServer

from jobs.errors import ForbiddenUri, ImageNotFound, TooLarge
from jobs.settings import Settings
from jobs.storage import Storage, Written, open_storage
from jobs.storage.s3 import S3Storage


class ServerLike(Protocol):
    """What tests/conftest.py tells about its S3 server."""

    endpoint: str
    access_key: str
    secret_key: str
    bucket: str


def _settings(endpoint: str, access_key: str, secret_key: str, output_uri: str) -> Settings:
    return Settings.model_validate(
        {
            "s3_endpoint": endpoint,
            "s3_access_key": access_key,
            "s3_secret_key": secret_key,
            "output_uri": output_uri,
        }
    )


@pytest.fixture(scope="module")
def moto_endpoint() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(params=["rclone", "moto", "files"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """A deployment whose results go to a folder that no other test writes to, ending without a slash."""
    if request.param == "files":
        return _settings("", "", "", f"file://{tmp_path}/out")
    folder = uuid.uuid4().hex
    if request.param == "rclone":
        server: ServerLike = request.getfixturevalue("s3_server")
        return _settings(server.endpoint, server.access_key, server.secret_key, f"s3://{server.bucket}/{folder}")
    endpoint: str = request.getfixturevalue("moto_endpoint")
    return _settings(endpoint, "moto-key", "moto-secret", f"s3://moto-results/{folder}")


@pytest.fixture
def storage(settings: Settings) -> Storage:
    opened = open_storage(settings)
    opened.ensure_bucket()
    return opened


@pytest.fixture
def prefix(settings: Settings) -> str:
    return f"{settings.output_uri}/"


def test_what_was_written_is_read_back_byte_for_byte(storage: Storage, prefix: str) -> None:
    data = bytes(range(256)) * 5000

    written = storage.write(f"{prefix}a/b/all.bin", data, "application/octet-stream", if_absent=False)

    assert written is Written.CREATED
    assert storage.read(f"{prefix}a/b/all.bin", limit=len(data)) == data


def test_an_object_that_is_there_is_left_alone_when_absence_was_asked_for(storage: Storage, prefix: str) -> None:
    uri = f"{prefix}once.png"

    first = storage.write(uri, b"first", "image/png", if_absent=True)
    second = storage.write(uri, b"second", "image/png", if_absent=True)

    assert (first, second) == (Written.CREATED, Written.EXISTS)
    assert storage.read(uri, limit=100) == b"first"


def test_a_plain_write_replaces(storage: Storage, prefix: str) -> None:
    uri = f"{prefix}again.json"
    storage.write(uri, b"first and longer", "application/json", if_absent=False)

    storage.write(uri, b"second", "application/json", if_absent=False)

    assert storage.read(uri, limit=100) == b"second"


def test_only_one_of_many_racing_writers_creates_where_the_store_promises_it(settings: Settings, prefix: str) -> None:
    storage = open_storage(settings)
    storage.ensure_bucket()
    if not storage.conditional_put:
        pytest.skip("this store ignores If-None-Match, which is what conditional_put says")
    barrier = threading.Barrier(6)

    def race(number: int) -> Written:
        barrier.wait(timeout=10)
        return storage.write(f"{prefix}race.txt", str(number).encode(), "text/plain", if_absent=True)

    with ThreadPoolExecutor(6) as pool:
        outcomes = list(pool.map(race, range(6)))

    winner = str(outcomes.index(Written.CREATED)).encode()
    assert outcomes.count(Written.CREATED) == 1
    assert storage.read(f"{prefix}race.txt", limit=10) == winner


def test_a_read_above_the_limit_is_refused(storage: Storage, prefix: str) -> None:
    storage.write(f"{prefix}big.bin", b"x" * 1001, "application/octet-stream", if_absent=False)

    with pytest.raises(TooLarge, match="1000 bytes"):
        storage.read(f"{prefix}big.bin", limit=1000)
    assert len(storage.read(f"{prefix}big.bin", limit=1001)) == 1001


def test_what_is_not_there_is_said_to_be_missing(storage: Storage, prefix: str) -> None:
    with pytest.raises(ImageNotFound, match=r"no\.png"):
        storage.read(f"{prefix}no.png", limit=10)
    assert storage.head(f"{prefix}no.png") is None
    assert storage.head(f"{prefix}no/such/folder.png") is None


def test_head_tells_size_and_a_tag_that_changes_with_the_bytes(storage: Storage, prefix: str) -> None:
    storage.write(f"{prefix}h.txt", b"12345", "text/plain", if_absent=False)
    before = storage.head(f"{prefix}h.txt")
    storage.write(f"{prefix}h.txt", b"54321", "text/plain", if_absent=False)

    after = storage.head(f"{prefix}h.txt")

    assert before is not None
    assert after is not None
    assert (before.uri, before.size, after.size) == (f"{prefix}h.txt", 5, 5)
    assert before.etag != after.etag


def test_a_listing_comes_in_key_order_and_resumes_after_a_uri(storage: Storage, prefix: str) -> None:
    names = [
        "a/1.png",
        "a/2.png",
        "a.png",
        "a-b.png",
        "b/c/d.png",
        "ü.png",
        "z 1.png",
        "100%.png",
        "x%20y.png",
        "a#b.png",
        "q&r+s.png",
        "[1] 红🎨.png",
    ]
    for name in names:
        storage.write(f"{prefix}list/{name}", name.encode(), "image/png", if_absent=False)
    ordered = [f"{prefix}list/{name}" for name in sorted(names, key=lambda name: name.encode())]
    uris = [found.uri for found in storage.list(f"{prefix}list/")]

    resumed = [found.uri for found in storage.list(f"{prefix}list/", start_after=uris[2])]

    assert [storage.read(uri, limit=99).decode() for uri in uris] == [uri.split("list/")[1] for uri in ordered]
    assert resumed == uris[3:]


def test_a_listing_keeps_to_its_prefix(storage: Storage, prefix: str) -> None:
    for name in ("p/x1.png", "p/x2.png", "p/y.png", "q/x.png"):
        storage.write(f"{prefix}{name}", b"-", "image/png", if_absent=False)

    found = [stat.uri for stat in storage.list(f"{prefix}p/x")]

    assert found == [f"{prefix}p/x1.png", f"{prefix}p/x2.png"]
    assert list(storage.list(f"{prefix}nothing/here/")) == []


def test_a_deleted_object_is_gone_and_deleting_it_again_is_no_error(storage: Storage, prefix: str) -> None:
    storage.write(f"{prefix}d.txt", b"-", "text/plain", if_absent=False)

    storage.delete(f"{prefix}d.txt")
    storage.delete(f"{prefix}d.txt")

    assert storage.head(f"{prefix}d.txt") is None


def test_a_large_file_is_put_whole(storage: Storage, prefix: str, tmp_path: Path) -> None:
    data = hashlib.sha256(b"seed").digest() * ((9 << 20) // 32)  # above the size at which S3 writes go in parts
    source = tmp_path / "results.jsonl"
    source.write_bytes(data)
    storage.write(f"{prefix}results.jsonl", b"older", "application/jsonl", if_absent=False)

    storage.write_file(f"{prefix}results.jsonl", str(source), "application/jsonl")

    assert storage.read(f"{prefix}results.jsonl", limit=len(data)) == data


def test_anyone_may_read_through_a_link(storage: Storage, prefix: str) -> None:
    storage.write(f"{prefix}my picture.png", b"pixels", "image/png", if_absent=False)

    link = storage.link(f"{prefix}my picture.png", ttl_seconds=60)

    with urllib.request.urlopen(link, timeout=10) as answer:  # noqa: S310 - plain folders give file:// links
        assert answer.read() == b"pixels"


@pytest.mark.parametrize(
    "uri", ["ftp://host/x", "http://host/x.png", "file:///etc/passwd", "s3://x@y/k", "s3:///k", ""]
)
def test_what_no_store_keeps_is_refused(storage: Storage, uri: str) -> None:
    with pytest.raises(ForbiddenUri):
        storage.read(uri, limit=10)
    with pytest.raises(ForbiddenUri):
        storage.write(uri, b"-", "text/plain", if_absent=True)


def test_the_probe_tells_stores_that_honour_the_condition_from_those_that_ignore_it(
    s3_server: ServerLike, moto_endpoint: str
) -> None:
    rclone = S3Storage(
        _settings(s3_server.endpoint, s3_server.access_key, s3_server.secret_key, f"s3://{s3_server.bucket}")
    )
    moto = S3Storage(_settings(moto_endpoint, "moto-key", "moto-secret", "s3://moto-probe"))
    moto.ensure_bucket()

    answers = (rclone.conditional_put, moto.conditional_put)

    assert answers == (False, True)
