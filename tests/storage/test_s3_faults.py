"""An S3 store that is away, refuses us or lacks the bucket is told apart, with a remedy and without secrets."""

import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

import pytest
from botocore.stub import Stubber
from moto.server import ThreadedMotoServer

from jobs.errors import ForbiddenUri, PentimentoError, StorageUnavailable
from jobs.settings import Settings
from jobs.storage.s3 import S3Storage
from tests.intake import pages


class ServerLike(Protocol):
    """What tests/conftest.py tells about its S3 server."""

    endpoint: str
    bucket: str


def _storage(endpoint: str, **more: str) -> S3Storage:
    base = {"s3_endpoint": endpoint, "s3_access_key": "a-key-of-ours", "s3_secret_key": "canary-secret"}
    return S3Storage(Settings.model_validate({**base, "output_uri": "s3://ours", **more}))


@pytest.fixture(scope="module")
def moto_endpoint() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


def _assert_secret_free(error: PentimentoError) -> None:
    assert "canary-secret" not in f"{error} {error.remedy}"


def test_a_store_that_is_away_is_unavailable_within_seconds() -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{bound.getsockname()[1]}"
        storage = _storage(endpoint)
        started = time.monotonic()

        with pytest.raises(StorageUnavailable, match="could not read") as caught:
            storage.read("s3://ours/a.png", limit=10)

    assert time.monotonic() - started < 10
    assert caught.value.retryable
    _assert_secret_free(caught.value)


@pytest.mark.parametrize(
    ("bucket", "kind"), [("ours", StorageUnavailable), ("theirs", ForbiddenUri)], ids=["our bucket", "another bucket"]
)
def test_a_403_is_the_operators_to_mend_for_our_bucket_and_the_callers_for_others(
    bucket: str, kind: type[PentimentoError]
) -> None:
    storage = _storage("http://127.0.0.1:9")
    with Stubber(storage._client) as stub:
        stub.add_client_error("get_object", "AccessDenied", "no", http_status_code=403)

        with pytest.raises(kind) as caught:
            storage.read(f"s3://{bucket}/a.png", limit=10)

    assert caught.value.remedy
    _assert_secret_free(caught.value)


def test_wrong_credentials_are_named_by_the_settings_to_check(s3_server: ServerLike) -> None:
    storage = _storage(s3_server.endpoint, output_uri=f"s3://{s3_server.bucket}")

    with pytest.raises(StorageUnavailable) as caught:
        storage.write(f"s3://{s3_server.bucket}/x.txt", b"-", "text/plain", if_absent=False)

    assert "PENTIMENTO_S3_SECRET_KEY" in caught.value.remedy
    _assert_secret_free(caught.value)


def test_a_missing_bucket_is_created_once_and_then_found(moto_endpoint: str) -> None:
    storage = _storage(moto_endpoint, output_uri="s3://born-at-start")
    with pytest.raises(StorageUnavailable, match="NoSuchBucket"):
        storage.write("s3://born-at-start/a.txt", b"-", "text/plain", if_absent=False)

    storage.ensure_bucket()
    storage.ensure_bucket()

    storage.write("s3://born-at-start/a.txt", b"-", "text/plain", if_absent=False)


def test_a_conditional_write_that_keeps_meeting_another_is_tried_again_and_then_given_up(moto_endpoint: str) -> None:
    storage = _storage(moto_endpoint)
    storage._probed = True
    with Stubber(storage._client) as stub:
        for _ in range(3):
            stub.add_client_error("put_object", "ConditionalRequestConflict", "meet", http_status_code=409)

        with pytest.raises(StorageUnavailable, match="kept meeting"):
            storage.write("s3://ours/a.png", b"-", "image/png", if_absent=True)


def test_the_probe_is_asked_again_after_the_store_was_away() -> None:
    storage = _storage("http://127.0.0.1:9")

    for _ in range(2):
        with Stubber(storage._client) as stub:
            stub.add_client_error("put_object", "InternalError", "down", http_status_code=500)
            with pytest.raises(StorageUnavailable):
                _ = storage.conditional_put

    assert storage._probed is None


def test_a_connection_that_is_cut_is_never_taken_for_the_end_of_an_object() -> None:
    with pages.serving() as site:
        site.pages["/ours/a.png"] = pages.broken_off(b"half")
        storage = _storage(f"http://127.0.0.1:{site.port}")

        with pytest.raises(StorageUnavailable):
            storage.read("s3://ours/a.png", limit=100)


def test_a_picture_is_put_without_asking_first_whether_it_may_come() -> None:
    heads: list[bytes] = []

    def answer(server: socket.socket) -> None:
        connection, _ = server.accept()
        with connection:
            said = b""
            while not said.endswith(b"\r\n\r\npicture"):
                said += connection.recv(1 << 16)
            heads.append(said.lower())
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

    with socket.create_server(("127.0.0.1", 0)) as server, ThreadPoolExecutor(1) as pool:
        pool.submit(answer, server)
        storage = _storage(f"http://127.0.0.1:{server.getsockname()[1]}")
        storage.write("s3://ours/a.png", b"picture", "image/png", if_absent=False)

    assert heads[0].startswith(b"put /ours/a.png")
    assert b"expect:" not in heads[0]


def test_links_use_the_public_endpoint_and_never_outlive_their_bound() -> None:
    storage = _storage("http://127.0.0.1:9", s3_public_endpoint="https://pictures.example.org")

    link = storage.link("s3://ours/a b.png", ttl_seconds=900)

    assert link.startswith("https://pictures.example.org/ours/a%20b.png?")
    assert "X-Amz-Expires=900" in link
    with pytest.raises(ValueError, match="900"):
        storage.link("s3://ours/a.png", ttl_seconds=901)
