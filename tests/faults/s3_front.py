"""An HTTP front before a real S3 store that breaks requests by rule, and passes all others on byte for byte.

A signature covers the Host header, the path, the query and the signed headers: all of them are passed on as they came,
so the store checks the signature that the client made for the front's address and finds it right.

::

    front.rules = [Rule(Fault.STATUS, status=503, share=0.1), Rule(Fault.DROP_REPLY, method="PUT", share=0.02)]
"""

import random
import re
import socket
import struct
import threading
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from types import TracebackType
from typing import BinaryIO, Self

LOOPBACK = "127.0.0.1"
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)
_CODES = {
    500: "InternalError",
    503: "SlowDown",
    403: "AccessDenied",
    409: "ConditionalRequestConflict",
    412: "PreconditionFailed",
}


class Fault(StrEnum):
    """What may become of a request."""

    STATUS = "status"
    """It is answered with `status`, and the store never sees it."""
    RESET = "reset"
    """RST instead of an answer; the store never sees it."""
    DROP_REPLY = "drop reply"
    """The store does it, and the client never hears of it."""
    TRUNCATE = "truncate"
    """Half of the store's answer, then the connection ends."""
    HANG = "hang"
    """No answer until the rule is taken away or the front is closed."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Which requests break, and how. `share` of them, by a repeatable draw; the first rule that fits is taken."""

    fault: Fault
    method: str = ""
    key: str = ""
    share: float = 1.0
    status: int = 503

    def fits(self, method: str, path: str) -> bool:
        """Whether it is about this request; `key` is searched for in the path as a regular expression."""
        return self.method in {"", method} and re.search(self.key, path) is not None


@dataclass(slots=True)
class Count:
    """What the front saw."""

    requests: Counter[str] = field(default_factory=Counter)
    broken: Counter[Fault] = field(default_factory=Counter)


class _Broken(Exception):
    """The connection is over."""


class S3Front:
    """Listens on a free port (or `port`) of loopback, before the store at 127.0.0.1:`store_port`."""

    def __init__(self, store_port: int, *, port: int = 0, seed: int = 1) -> None:
        self.rules: Sequence[Rule] = ()
        self.count = Count()
        self._store_port = store_port
        self._draw = random.Random(seed)
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._open: set[socket.socket] = set()
        self._listener = socket.create_server((LOOPBACK, port), backlog=256)
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._accept, name="s3-front", daemon=True)
        self._thread.start()

    @property
    def endpoint(self) -> str:
        """Where clients find it."""
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def total(self) -> int:
        """Requests so far."""
        with self._lock:
            return self.count.requests.total()

    def close(self) -> None:
        """Stop listening and cut everything."""
        self._over.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            for connection in self._open:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
        self._thread.join(5)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _accept(self) -> None:
        while not self._over.is_set():
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with self._lock:
            self._open.add(client)
        try:
            with client, client.makefile("rb") as reader:
                client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                while not self._over.is_set():
                    self._one(client, reader)
        except (_Broken, OSError, ValueError):
            pass
        finally:
            with self._lock:
                self._open.discard(client)

    def _one(self, client: socket.socket, reader: BinaryIO) -> None:
        head = _head(reader)
        method, path, _ = head.split(b"\r\n", 1)[0].decode("latin-1").split(" ")
        rule = self._rule(method, path)
        if rule and rule.fault is Fault.RESET:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
            raise _Broken
        if _header(head, b"expect") == b"100-continue":
            client.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
            head = re.sub(rb"(?im)^expect:.*\r\n", b"", head)
        body = reader.read(int(_header(head, b"content-length") or 0))
        if rule and rule.fault is Fault.HANG:
            while rule in self.rules and not self._over.wait(0.05):
                pass
            raise _Broken
        if rule and rule.fault is Fault.STATUS:
            client.sendall(_refusal(rule.status, method))
            return
        answer = self._ask(head + body, method)
        if rule and rule.fault is Fault.DROP_REPLY:
            raise _Broken
        if rule and rule.fault is Fault.TRUNCATE:
            client.sendall(answer[: len(answer) // 2])
            raise _Broken
        client.sendall(answer)

    def _rule(self, method: str, path: str) -> Rule | None:
        with self._lock:
            self.count.requests[method] += 1
            for rule in self.rules:
                if rule.fits(method, path) and self._draw.random() < rule.share:
                    self.count.broken[rule.fault] += 1
                    return rule
        return None

    def _ask(self, request: bytes, method: str) -> bytes:
        """The store's whole answer, over a connection of its own."""
        with socket.create_connection((LOOPBACK, self._store_port), timeout=30) as store:
            store.sendall(request)
            with store.makefile("rb") as reader:
                head = _head(reader)
                status = int(head[9:12])
                if method == "HEAD" or status in {204, 304}:
                    return head
                size = _header(head, b"content-length")
                if size:
                    return head + reader.read(int(size))
                return head + _chunks(reader)


def _head(reader: BinaryIO) -> bytes:
    lines = []
    while (line := reader.readline(1 << 16)) != b"\r\n":
        if not line:
            raise _Broken
        lines.append(line)
    return b"".join(lines) + b"\r\n"


def _header(head: bytes, name: bytes) -> bytes:
    found = re.search(rb"(?im)^" + name + rb":[ \t]*(.*?)\r$", head)
    return found.group(1) if found else b""


def _chunks(reader: BinaryIO) -> bytes:
    """A chunked body, as it came."""
    found = b""
    while True:
        line = reader.readline()
        if not line:
            raise _Broken
        size = int(line.split(b";")[0], 16)
        found += line + reader.read(size + 2)
        if size == 0:
            return found


def _refusal(status: int, method: str) -> bytes:
    code = _CODES.get(status, "InternalError")
    body = b"" if method == "HEAD" else f"<Error><Code>{code}</Code><Message>by rule</Message></Error>".encode()
    head = f"HTTP/1.1 {status} By rule\r\nContent-Type: application/xml\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body
