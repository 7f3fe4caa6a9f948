"""A small real web server whose answers a test scripts, and which counts who connects to it."""

import gzip
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Answer = Callable[[BaseHTTPRequestHandler], None]


class Site(ThreadingHTTPServer):
    """Answers by path. `seen` lists (path, Host header) of every request, `connections` counts sockets."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self.pages: dict[str, Answer] = {}
        self.seen: list[tuple[str, str]] = []
        self.connections = 0
        self.quit = threading.Event()
        super().__init__(("127.0.0.1", 0), _Visitor)
        if context is not None:
            self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def get_request(self) -> tuple[ssl.SSLSocket, tuple[str, int]]:
        self.connections += 1
        return super().get_request()  # type: ignore[return-value]

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up is what these tests are about."""


class _Visitor(BaseHTTPRequestHandler):
    server: Site

    def do_GET(self) -> None:
        self.server.seen.append((self.path, self.headers.get("Host", "")))
        self.server.pages.get(self.path, status(404))(self)

    def log_message(self, *_: object) -> None:
        """Quiet."""


@contextmanager
def serving(context: ssl.SSLContext | None = None) -> Iterator[Site]:
    site = Site(context)
    thread = threading.Thread(target=site.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield site
    finally:
        site.quit.set()
        site.shutdown()
        thread.join()
        site.server_close()


def body(data: bytes, **headers: str) -> Answer:
    def answer(visitor: BaseHTTPRequestHandler) -> None:
        visitor.send_response(200)
        visitor.send_header("Content-Length", str(len(data)))
        for name, value in headers.items():
            visitor.send_header(name.replace("_", "-"), value)
        visitor.end_headers()
        visitor.wfile.write(data)

    return answer


def status(code: int, *, location: str = "") -> Answer:
    def answer(visitor: BaseHTTPRequestHandler) -> None:
        visitor.send_response(code)
        if location:
            visitor.send_header("Location", location)
        visitor.send_header("Content-Length", "0")
        visitor.end_headers()

    return answer


def in_turn(*answers: Answer) -> Answer:
    """Each request gets the next answer, the last one again and again."""
    left = list(answers)

    def answer(visitor: BaseHTTPRequestHandler) -> None:
        (left.pop(0) if len(left) > 1 else left[0])(visitor)

    return answer


def endless(data: bytes) -> Answer:
    """Sends `data` for as long as the client takes it."""

    def answer(visitor: BaseHTTPRequestHandler) -> None:
        visitor.send_response(200)
        visitor.end_headers()
        while True:
            visitor.wfile.write(data)

    return answer


def silent(visitor: BaseHTTPRequestHandler) -> None:
    """Take the request and say nothing until the test is over."""
    assert isinstance(visitor.server, Site)
    visitor.server.quit.wait(30)


def dripping(visitor: BaseHTTPRequestHandler) -> None:
    """Send the head one byte at a time, each before any read could time out."""
    assert isinstance(visitor.server, Site)
    for byte in b"HTTP/1.1 200 OK\r\nX-Slow: " + b"a" * 100_000:
        visitor.wfile.write(bytes([byte]))
        if visitor.server.quit.wait(0.02):
            return


def trickling(visitor: BaseHTTPRequestHandler) -> None:
    """Send a body of a few bytes at a time, for as long as the client takes it."""
    assert isinstance(visitor.server, Site)
    visitor.send_response(200)
    visitor.end_headers()
    while not visitor.server.quit.wait(0.02):
        visitor.wfile.write(b"abc")


def broken_off(data: bytes) -> Answer:
    """Promise twice as much as is sent, then hang up."""

    def answer(visitor: BaseHTTPRequestHandler) -> None:
        visitor.send_response(200)
        visitor.send_header("Content-Length", str(2 * len(data)))
        visitor.end_headers()
        visitor.wfile.write(data)
        visitor.close_connection = True

    return answer


def zipped(data: bytes) -> Answer:
    return body(gzip.compress(data), Content_Encoding="gzip")
