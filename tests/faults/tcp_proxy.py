"""A TCP proxy that misbehaves when told: what a network does to long-lived connections, without touching the network.

::

    with TcpProxy("127.0.0.1", redis_port) as proxy:
        proxy.faults.delay_seconds = 0.2     # takes effect at once, also on open connections
        proxy.black_hole()                   # half-open: everything open goes deaf, new connections work
        proxy.reset()                        # RST to everything open
"""

import select
import socket
import struct
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Self

LOOPBACK = "127.0.0.1"
BLOCK_BYTES = 1 << 16
GLANCE_SECONDS = 0.05
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


@dataclass(slots=True)
class Faults:
    """What is wrong just now, for every connection; the defaults are a healthy network.

    bytes_per_second 0: as fast as it goes. cut_after_bytes: answers end after so many bytes of a connection.
    half_close: the client's end of stream is passed on, the server's answers are not.
    """

    delay_seconds: float = 0.0
    bytes_per_second: float = 0.0
    refuse: bool = False
    swallow: bool = False
    half_close: bool = False
    cut_after_bytes: int | None = None


class _Link:
    """One connection through the proxy: two sockets, a thread for each direction."""

    def __init__(self, client: socket.socket, server: socket.socket, faults: Faults) -> None:
        self._client, self._server, self._faults = client, server, faults
        self.deaf = False
        self._directions = 2
        self._lock = threading.Lock()
        self._threads = [
            threading.Thread(target=self._pump, args=(client, server, False), daemon=True),
            threading.Thread(target=self._pump, args=(server, client, True), daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    @property
    def open(self) -> bool:
        return any(thread.is_alive() for thread in self._threads)

    def _pump(self, source: socket.socket, sink: socket.socket, answers: bool) -> None:
        passed = 0
        try:
            while data := self._receive(source):
                self._slow_down(len(data))
                faults = self._faults
                if self.deaf or faults.swallow or (answers and faults.half_close):
                    continue
                limit = faults.cut_after_bytes
                if answers and limit is not None and passed + len(data) >= limit:
                    sink.sendall(data[: max(0, limit - passed)])
                    self.end(reset=False)
                    return
                sink.sendall(data)
                passed += len(data)
            with suppress(OSError):
                if not self.deaf:
                    sink.shutdown(socket.SHUT_WR)
        except (OSError, ValueError):  # ValueError: select on what was closed meanwhile
            self.end(reset=True)
        finally:
            with self._lock:
                self._directions -= 1
            if not self._directions:
                self._client.close()
                self._server.close()

    @staticmethod
    def _receive(source: socket.socket) -> bytes:
        """The next bytes; looks up now and then, because closing a socket does not wake who waits for it."""
        while not select.select([source], [], [], GLANCE_SECONDS)[0]:
            pass
        return source.recv(BLOCK_BYTES)

    def _slow_down(self, size: int) -> None:
        seconds = self._faults.delay_seconds
        if self._faults.bytes_per_second:
            seconds += size / self._faults.bytes_per_second
        if seconds:
            time.sleep(seconds)

    def end(self, *, reset: bool) -> None:
        """Close both sides, with a RST where `reset`."""
        for side in (self._client, self._server):
            with suppress(OSError):
                if reset:
                    side.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
                else:
                    side.shutdown(socket.SHUT_RDWR)
            with suppress(OSError):
                side.close()

    def join(self) -> None:
        for thread in self._threads:
            thread.join(5)


class TcpProxy:
    """Listens on a free port of loopback (or on `port`) and passes everything to host:port, subject to `faults`."""

    def __init__(self, host: str, target_port: int, *, port: int = 0) -> None:
        self.faults = Faults()
        self._target = (host, target_port)
        self._links: list[_Link] = []
        self._lock = threading.Lock()
        self._listener = socket.create_server((LOOPBACK, port), backlog=256)
        self._listener.settimeout(GLANCE_SECONDS)
        self.port: int = self._listener.getsockname()[1]
        self.connections = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._accept, name="tcp-proxy", daemon=True)
        self._thread.start()

    def heal(self) -> None:
        """A healthy network again; what is deaf or cut stays so."""
        self.faults = Faults()
        with self._lock:
            for link in self._links:
                link._faults = self.faults

    def black_hole(self) -> None:
        """Half-open: whatever is connected now never hears anything again, and is never told."""
        with self._lock:
            for link in self._links:
                link.deaf = True

    def reset(self) -> None:
        """RST to whatever is connected now."""
        with self._lock:
            links, self._links = self._links, []
        for link in links:
            link.end(reset=True)

    def close(self) -> None:
        """Stop listening and cut everything."""
        self._over.set()
        self._thread.join(5)
        self._listener.close()
        with self._lock:
            links = list(self._links)
        for link in links:
            link.end(reset=True)
        for link in links:
            link.join()

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
            except TimeoutError:
                continue
            except OSError:
                return
            self.connections += 1
            server = self._reach(client)
            if server is None:
                continue
            with self._lock:
                self._links = [link for link in self._links if link.open]
                self._links.append(_Link(client, server, self.faults))

    def _reach(self, client: socket.socket) -> socket.socket | None:
        try:
            if self.faults.refuse:
                raise ConnectionRefusedError
            server = socket.create_connection(self._target, timeout=5)
        except OSError:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
            client.close()
            return None
        for side in (client, server):
            side.settimeout(None)
            side.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return server
