"""What a worker answers for itself, where PENTIMENTO_PROBE_PORT says so: whether it lives, is at work, what it counts.

Nothing in here asks Redis: a probe that restarts workers must not restart them all because the ledger is away.
"""

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from jobs.telemetry.carrying import CONTENT_TYPE, Page
from jobs.telemetry.metrics import BOTH, HANDS

PLAIN = "text/plain; charset=utf-8"


class WorkerPage:
    """`/livez`, `/readyz` and `/metrics`, in threads of their own."""

    def __init__(self, host: str, port: int, *, lives: Callable[[], bool], ready: Callable[[], bool]) -> None:
        """Listens at once; port 0 takes any that is free.

        Raises:
            OSError: the address can't be listened to.

        """
        answers: dict[str, Callable[[], tuple[int, str, bytes]]] = {
            "/livez": lambda: _verdict(lives()),
            "/readyz": lambda: _verdict(ready()),
            "/metrics": lambda: (200, CONTENT_TYPE, _counted()),
        }

        class Answers(BaseHTTPRequestHandler):
            timeout = 10

            def do_GET(self) -> None:
                status, kind, body = answers.get(self.path, lambda: (404, PLAIN, b"nothing is here\n"))()
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Probes come every few seconds."""

        self._server = ThreadingHTTPServer((host, port), Answers)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, name="page", daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._server.server_address[1])

    def close(self) -> None:
        """Listen no more."""
        self._server.shutdown()
        self._server.server_close()


def _verdict(good: bool) -> tuple[int, str, bytes]:  # noqa: FBT001 - the one thing it says
    return (200, PLAIN, b"ok\n") if good else (503, PLAIN, b"no\n")


def _counted() -> bytes:
    page = Page()
    page.add(HANDS)
    page.add(BOTH, role="worker")
    return page.text()
