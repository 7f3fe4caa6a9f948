"""The command line as people have it, a process, and an API that says what the real one can't be made to say."""

import io
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from api.cli import main
from jobs.settings import settings

Answer = Callable[["Call"], None]


class Call(BaseHTTPRequestHandler):
    """One HTTP call to the canned API."""

    server: "_Server"

    def do_GET(self) -> None:
        """Answer with what was said for this path, the last of several again and again."""
        length = int(self.headers.get("Content-Length", 0))
        self.body = self.rfile.read(length)
        path = self.path.partition("?")[0]
        with self.server.canned.gate:
            self.server.canned.calls.append(f"{self.command} {self.path}")
            left = self.server.canned.answers.get((self.command, path), [])
            answer = left.pop(0) if len(left) > 1 else left[0] if left else None
        if answer is None:
            self.say(404, {"code": "not_found", "detail": f"nothing at {path}"})
        else:
            answer(self)

    do_POST = do_DELETE = do_PATCH = do_GET  # noqa: N815

    def say(self, status: int, body: object, *, content_type: str = "application/json", **headers: str) -> None:
        """A whole answer; bytes as they are, anything else as JSON."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(data)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(data)

    def stream(self, text: str) -> None:
        """A piece of an event stream, which ends when the connection does."""
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(text.encode())
        self.wfile.flush()

    def log_message(self, *_: object) -> None:
        """Nothing on stderr."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    canned: "Canned"


@dataclass
class Canned:
    """An API whose answers a test writes down. `url` is where it listens, `calls` what was asked."""

    url: str
    answers: dict[tuple[str, str], list[Answer]] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    gate: threading.Lock = field(default_factory=threading.Lock)

    def on(self, method: str, path: str, *answers: Answer) -> None:
        """Answer with these, one after another, the last for good."""
        self.answers[method, path] = list(answers)

    def json(self, method: str, path: str, *bodies: object, status: int = 200) -> None:
        """Answer with JSON."""
        self.on(method, path, *(saying(status, body) for body in bodies))


def saying(status: int, body: object) -> Answer:
    """An answer with this status and body."""
    return lambda call: call.say(status, body)


@pytest.fixture
def canned() -> Iterator[Canned]:
    """An API on a free port that knows nothing yet."""
    server = _Server(("127.0.0.1", 0), Call)
    server.canned = Canned(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield server.canned
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command came to."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, object]:
        """Stdout as one JSON object; fails where it is anything else."""
        body = json.loads(self.out)
        assert isinstance(body, dict)
        return body


Cli = Callable[..., Ran]


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cli:
    """Runs `pentimento` in an empty folder, within this process: what it prints and exits with are the same."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PENTIMENTO_API_URL", raising=False)
    settings.cache_clear()

    def run(*argv: str, stdin: str = "") -> Ran:
        monkeypatch.setattr(sys, "argv", ["pentimento", *argv])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode())))
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return Ran(int(ended.value.code or 0), said.out, said.err)

    return run


Process = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def process(tmp_path: Path) -> Process:
    """Starts `pentimento` as a process of its own, in an empty folder, with pipes."""

    def start(*argv: str, **env: str) -> "subprocess.Popen[str]":
        pipe = subprocess.PIPE
        command, env = [sys.executable, "-m", "api.cli", *argv], os.environ | env
        return subprocess.Popen(command, cwd=tmp_path, stdin=pipe, stdout=pipe, stderr=pipe, text=True, env=env)

    return start


def a_job(**said: object) -> dict[str, object]:
    """A job as the API tells it."""
    body: dict[str, object] = {"id": "j1", "state": "running", "name": "autumn", "count": 4, "settled": 0, "refused": 0}
    return body | {"results_uri": "s3://out/default/j1/", "causes": {}, "written": False} | said


def an_event(number: int, kind: str, **data: str) -> str:
    """An event as the stream tells it."""
    return f"id: {number}-0\nevent: {kind}\ndata: {json.dumps(data)}\n\n"
