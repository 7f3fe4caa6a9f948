"""The faults are real: what is asked of the kit happens, and what is not asked for doesn't."""

import os
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import forkserver
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import redis

from jobs.errors import StorageUnavailable
from jobs.settings import Settings
from jobs.storage.s3 import S3Storage
from tests.conftest import S3Server
from tests.faults.forks import exit_code, fork
from tests.faults.redis_control import RedisControl
from tests.faults.s3_front import Fault, Rule, S3Front
from tests.faults.tcp_proxy import TcpProxy


@pytest.fixture
def echo() -> Iterator[int]:
    """The port of a server that says everything back."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=say_back, args=(connection,), daemon=True).start()

    def say_back(connection: socket.socket) -> None:
        with connection:
            try:
                while data := connection.recv(4096):
                    connection.sendall(data)
            except OSError:
                return

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield int(listener.getsockname()[1])
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join()


@pytest.fixture
def proxy(echo: int) -> Iterator[TcpProxy]:
    with TcpProxy("127.0.0.1", echo) as proxy:
        yield proxy


def ask(connection: socket.socket, said: bytes = b"hello") -> bytes:
    connection.sendall(said)
    return connection.recv(4096)


def connect(proxy: TcpProxy) -> socket.socket:
    return socket.create_connection(("127.0.0.1", proxy.port), timeout=1)


def test_a_proxy_without_faults_passes_everything_on(proxy: TcpProxy) -> None:
    with connect(proxy) as connection:
        assert ask(connection) == b"hello"


def test_a_delay_is_felt_on_an_open_connection(proxy: TcpProxy) -> None:
    with connect(proxy) as connection:
        ask(connection)
        proxy.faults.delay_seconds = 0.1
        began = time.monotonic()

        ask(connection)

    assert time.monotonic() - began >= 0.2  # there and back


def test_a_throttle_takes_as_long_as_its_rate_says(proxy: TcpProxy) -> None:
    proxy.faults.bytes_per_second = 10_000
    with connect(proxy) as connection:
        began = time.monotonic()

        ask(connection, bytes(1000))

    assert time.monotonic() - began >= 0.2


def test_a_black_hole_is_deaf_and_says_nothing_while_new_connections_work(proxy: TcpProxy) -> None:
    with connect(proxy) as old:
        ask(old)
        proxy.black_hole()

        old.sendall(b"anyone?")
        with pytest.raises(TimeoutError):
            old.recv(10)
        with connect(proxy) as new:
            assert ask(new) == b"hello"


def test_a_reset_reaches_who_is_connected(proxy: TcpProxy) -> None:
    with connect(proxy) as connection:
        ask(connection)
        proxy.reset()

        with pytest.raises(ConnectionResetError):
            connection.recv(10)


def test_a_refused_connection_is_refused_until_it_is_healed(proxy: TcpProxy) -> None:
    proxy.faults.refuse = True
    with pytest.raises(ConnectionError), connect(proxy) as connection:
        ask(connection)

    proxy.heal()
    with connect(proxy) as connection:
        assert ask(connection) == b"hello"


def test_answers_can_be_cut_after_some_bytes_or_swallowed_altogether(proxy: TcpProxy) -> None:
    proxy.faults.cut_after_bytes = 3
    with connect(proxy) as connection:
        assert ask(connection) == b"hel"
        assert connection.recv(10) == b""

    proxy.heal()
    proxy.faults.half_close = True
    with connect(proxy) as connection, pytest.raises(TimeoutError):
        ask(connection)


@pytest.fixture
def front(s3_server: S3Server) -> Iterator[S3Front]:
    with S3Front(urlsplit(s3_server.endpoint).port or 0) as front:
        yield front


@pytest.fixture
def storage(front: S3Front, s3_server: S3Server) -> S3Storage:
    return S3Storage(
        Settings.model_validate(
            {
                "s3_endpoint": front.endpoint,
                "s3_access_key": s3_server.access_key,
                "s3_secret_key": s3_server.secret_key,
                "output_uri": f"s3://{s3_server.bucket}",
            }
        )
    )


def test_signatures_stay_valid_through_the_front(storage: S3Storage, s3_prefix: str) -> None:
    storage.write(f"{s3_prefix}a b.txt", b"there", "text/plain", if_absent=False)

    assert storage.read(f"{s3_prefix}a b.txt", limit=10) == b"there"
    assert [stat.size for stat in storage.list(s3_prefix)] == [5]


@pytest.mark.parametrize("status", [500, 503, 403, 409, 412])
def test_a_status_by_rule_reaches_the_client_and_not_the_store(
    storage: S3Storage, front: S3Front, s3_prefix: str, status: int
) -> None:
    front.rules = [Rule(Fault.STATUS, method="PUT", key=r"\.txt$", status=status)]

    with pytest.raises(StorageUnavailable):
        storage.write(f"{s3_prefix}a.txt", b"there", "text/plain", if_absent=False)

    front.rules = []
    assert storage.head(f"{s3_prefix}a.txt") is None


def test_a_dropped_reply_leaves_the_object_stored(storage: S3Storage, front: S3Front, s3_prefix: str) -> None:
    front.rules = [Rule(Fault.DROP_REPLY, method="PUT")]

    with pytest.raises(StorageUnavailable):
        storage.write(f"{s3_prefix}a.txt", b"there", "text/plain", if_absent=False)

    front.rules = []
    assert storage.read(f"{s3_prefix}a.txt", limit=10) == b"there"


@pytest.mark.parametrize("fault", [Fault.RESET, Fault.TRUNCATE])
def test_a_broken_answer_is_a_fault_of_the_store(
    storage: S3Storage, front: S3Front, s3_prefix: str, fault: Fault
) -> None:
    storage.write(f"{s3_prefix}a.txt", b"there", "text/plain", if_absent=False)
    front.rules = [Rule(fault, method="GET")]

    with pytest.raises(StorageUnavailable):
        storage.read(f"{s3_prefix}a.txt", limit=10)


def test_redis_comes_back_from_its_file_or_empty_and_can_be_frozen_and_full(tmp_path: Path) -> None:
    with RedisControl(tmp_path) as control:
        control.client.set("kept", "1")
        control.kill()
        with pytest.raises(redis.ConnectionError):
            control.client.get("kept")
        control.start()
        assert control.client.get("kept") == "1"

        control.fill()
        with pytest.raises(redis.exceptions.OutOfMemoryError):
            control.client.set("more", "1")
        control.make_room()

        with redis.Redis.from_url(control.url, socket_timeout=0.2, retry=None) as impatient:
            control.freeze()
            with pytest.raises(redis.TimeoutError):
                impatient.ping()
            control.thaw()

        control.stop()
        control.start(empty=True)
        assert control.client.get("kept") is None


def test_each_thread_learns_how_its_own_process_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    read = forkserver.read_signed  # where two threads could read one pipe; made wide

    def slowly(pipe: int) -> int:
        time.sleep(0.03)
        return int(read(pipe))

    monkeypatch.setattr(forkserver, "read_signed", slowly)
    wanted = list(range(1, 17))

    with ThreadPoolExecutor(4) as pool:
        codes = list(pool.map(lambda code: exit_code(fork(os._exit, code), seconds=60), wanted))

    assert codes == wanted
