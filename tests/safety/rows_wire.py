"""Messages of Stability's protocol that strangers send to the gRPC door, over gRPC-Web."""

from collections.abc import Callable
from http import HTTPStatus

import httpx
from grpc import StatusCode

from jobs.wire import generation_pb2 as wire
from tests.safety.world import Row, World
from tests.stability.requests import GENERATE, artifact, request, text
from tests.stability.test_grpc_web import BINARY, framed, trailer

CODES = {str(code.value[0]): code.name for code in StatusCode}


def status(answer: httpx.Response) -> str:
    """The status that the call ended with, from the trailer or, where nothing was begun, from the headers."""
    if answer.status_code != HTTPStatus.OK:
        return str(answer.status_code)
    code = answer.headers.get("grpc-status") or trailer(answer.content)["grpc-status"]
    return CODES[code]


def _post(world: World, body: bytes, *, path: str = GENERATE, kind: str = BINARY) -> str:
    return status(world.http.post(path, content=body, headers={"content-type": kind, "x-grpc-web": "1"}))


def _asks(make: Callable[[], wire.Request]) -> Callable[[World], object]:
    return lambda world: _post(world, framed(make().SerializeToString()))


def _changed(change: Callable[[wire.Request], object]) -> Callable[[World], object]:
    def made() -> wire.Request:
        asked = request(text("a boat"), init=b"\x89PNG\r\n\x1a\nnot looked at")
        change(asked)
        return asked

    return _asks(made)


REQUESTS: dict[str, tuple[str, Callable[[World], object]]] = {
    "nothing": ("UNIMPLEMENTED", _asks(wire.Request)),
    "an unknown engine": ("NOT_FOUND", _changed(lambda r: setattr(r, "engine_id", "../../etc/passwd"))),
    "no init image": ("UNIMPLEMENTED", _changed(lambda r: r.prompt.pop())),
    "two init images": ("INVALID_ARGUMENT", _changed(lambda r: r.prompt.append(artifact(b"\x89PNG\r\n\x1a\nx")))),
    "an init image that is none": (
        "INVALID_ARGUMENT",
        _changed(lambda r: setattr(r.prompt[-1].artifact, "binary", b"<html>")),
    ),
    "an empty init image": ("INVALID_ARGUMENT", _changed(lambda r: setattr(r.prompt[-1].artifact, "binary", b""))),
    "no text": ("INVALID_ARGUMENT", _changed(lambda r: r.prompt.pop(0))),
    "a text of 100,000 letters": ("INVALID_ARGUMENT", _changed(lambda r: setattr(r.prompt[0], "text", "x" * 100_000))),
    "a NUL in a text": ("INVALID_ARGUMENT", _changed(lambda r: setattr(r.prompt[0], "text", "a\0b"))),
    "a weight that is no number": (
        "INVALID_ARGUMENT",
        _changed(lambda r: setattr(r.prompt[0].parameters, "weight", float("nan"))),
    ),
    "10⁹ steps": ("INVALID_ARGUMENT", _changed(lambda r: setattr(r.image, "steps", 10**9))),
    "10⁹ samples": ("INVALID_ARGUMENT", _changed(lambda r: setattr(r.image, "samples", 10**9))),
    "a width of 10⁹": ("INVALID_ARGUMENT", _changed(lambda r: setattr(r.image, "width", 10**9))),
    "a guidance that is no number": (
        "INVALID_ARGUMENT",
        _changed(lambda r: setattr(r.image.parameters[0].sampler, "cfg_scale", float("inf"))),
    ),
    "a schedule from 7": (
        "INVALID_ARGUMENT",
        _changed(lambda r: setattr(r.image.parameters[0].schedule, "start", 7.0)),
    ),
    "a sampler of no number": ("INVALID_ARGUMENT", _changed(lambda r: setattr(r.image.transform, "diffusion", 99))),
}
ROWS = [
    *(Row(f"wire: {name}", code, act) for name, (code, act) in REQUESTS.items()),
    Row("wire: bytes that are no message", "INVALID_ARGUMENT", lambda world: _post(world, framed(b"\xff" * 50))),
    Row("wire: a frame that is cut", "INVALID_ARGUMENT", lambda world: _post(world, framed(b"abc")[:6])),
    Row("wire: a frame of 4 GB that does not come", "INVALID_ARGUMENT",
        lambda world: _post(world, b"\x00\xff\xff\xff\xff")),
    Row("wire: a compressed frame", "UNIMPLEMENTED", lambda world: _post(world, framed(b"abc", flag=1))),
    Row("wire: a method that nobody has", "UNIMPLEMENTED",
        lambda world: _post(world, framed(b""), path="/gooseai.GenerationService/Evil")),
]  # fmt: skip
