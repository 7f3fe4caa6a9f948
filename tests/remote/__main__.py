"""A server of the protocol as a process of its own, which a test may kill: `python -m tests.remote PORT LOG`.

It answers with the init image, slowly and behind a sign of life, and writes each request's id and what became of it.
"""

import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import grpc

from jobs.wire import generation_pb2 as wire
from tests.remote.wire_server import WireServer, answer, echo

SECONDS = 0.1


def _serve(port: int, log: Path) -> None:
    gate = threading.Lock()

    def said(what: str, request: wire.Request) -> None:
        with gate, log.open("a") as file:
            file.write(f"{what} {request.request_id}\n")

    def behave(request: wire.Request, context: grpc.ServicerContext) -> Iterator[wire.Answer]:
        said("asked", request)
        yield answer()  # from here on the stream is under way
        time.sleep(SECONDS)
        yield from echo(request, context)
        said("answered", request)

    with WireServer(otherwise=behave, port=port):
        sys.stdout.write("serving\n")
        sys.stdout.flush()
        threading.Event().wait()


if __name__ == "__main__":
    _serve(int(sys.argv[1]), Path(sys.argv[2]))
