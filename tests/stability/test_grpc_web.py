"""The same door over gRPC-Web: frames, base64, trailers, and who may call from a page."""

import base64
import struct
from collections.abc import Iterator
from urllib.parse import unquote

import httpx
import pytest

from jobs.state import State
from jobs.wire import engines_pb2 as engines
from jobs.wire import generation_pb2 as wire
from tests.api.conftest import Hands
from tests.stability.conftest import ORIGIN, do_it, job_of
from tests.stability.requests import GENERATE, images, request
from tests.stability.test_door import until

LIST = "/gooseai.EnginesService/ListEngines"
BINARY, TEXT = "application/grpc-web+proto", "application/grpc-web-text"


def framed(message: bytes, flag: int = 0) -> bytes:
    return struct.pack(">BI", flag, len(message)) + message


def frames(body: bytes) -> Iterator[tuple[int, bytes]]:
    while body:
        flag, length = struct.unpack(">BI", body[:5])
        yield flag, body[5 : 5 + length]
        body = body[5 + length :]


def unbased(text: bytes) -> bytes:
    """Each frame was encoded by itself, and may end in padding."""
    return b"".join(base64.b64decode(part + b"=" * (-len(part) % 4)) for part in text.replace(b"=", b" ").split())


def trailer(body: bytes) -> dict[str, str]:
    flag, text = list(frames(body))[-1]
    assert flag == 0x80
    return dict(unquote(line).split(": ", 1) for line in text.decode("ascii").splitlines())


def post(web: httpx.Client, path: str, body: bytes, kind: str = BINARY, **headers: str) -> httpx.Response:
    named = {key.replace("_", "-"): value for key, value in headers.items()}
    return web.post(path, content=body, headers={"content-type": kind, "x-grpc-web": "1", **named})


def answers(web: httpx.Client, hands: Hands, kind: str) -> list[wire.Answer]:
    body = framed(request(samples=2).SerializeToString())
    sent = base64.b64encode(body) if "text" in kind else body
    with web.stream("POST", GENERATE, content=iter([sent[:100], sent[100:]]), headers={"content-type": kind}) as told:
        assert told.headers["content-type"] == kind
        pieces = told.iter_raw()
        received = next(pieces)
        do_it(hands)
        received += b"".join(pieces)
    whole = unbased(received) if "text" in kind else received
    assert trailer(whole)["grpc-status"] == "0"
    return [wire.Answer.FromString(data) for flag, data in frames(whole) if flag == 0]


@pytest.mark.parametrize("kind", [BINARY, "application/grpc-web", TEXT, f"{TEXT}+proto"])
def test_answers_stream_in_the_form_in_which_the_request_came(web: httpx.Client, hands: Hands, kind: str) -> None:
    found = answers(web, hands, kind)

    assert [(one.seed, one.binary) for one in images(found)] == [(5, b"0"), (6, b"1")]


def test_a_unary_call_is_one_frame_and_its_trailer(web: httpx.Client) -> None:
    told = post(web, LIST, framed(b""))

    (_, message), _ = frames(told.content)
    assert engines.Engines.FromString(message).engine


@pytest.mark.parametrize(
    ("path", "body", "status", "says"),
    [
        (LIST, b"", "3", "whole gRPC-Web frame"),
        (LIST, framed(b"")[:3], "3", "whole gRPC-Web frame"),
        (LIST, framed(b"") + b"more", "3", "whole gRPC-Web frame"),
        (LIST, framed(b"", flag=1), "12", "compressed"),
        ("/gooseai.EnginesService/Nothing", framed(b""), "12", "can't be called"),
        (GENERATE, framed(b"\xff\xff"), "3", "not a message"),
        (GENERATE, framed(b""), "12", "init image"),
    ],
)
def test_whatever_goes_wrong_is_a_status_in_the_trailer(
    web: httpx.Client, path: str, body: bytes, status: str, says: str
) -> None:
    told = post(web, path, body)

    assert told.status_code == 200
    found = trailer(told.content)
    assert found["grpc-status"] == status
    assert says in found["grpc-message"]


def test_a_message_beyond_ascii_is_spelled_so_that_clients_can_read_it(web: httpx.Client) -> None:
    told = post(web, GENERATE, framed(request(engine_id="größer\r\nx").SerializeToString()))

    assert trailer(told.content)["grpc-status"] == "5"


def test_text_that_is_not_base64_is_refused(web: httpx.Client) -> None:
    told = post(web, LIST, b"***", TEXT)

    assert trailer(unbased(told.content))["grpc-status"] == "3"


def test_other_methods_and_types_are_refused_and_other_paths_left_alone(web: httpx.Client) -> None:
    assert web.get(LIST).status_code == 405
    assert web.post(LIST, content=b"", headers={"content-type": "application/json"}).status_code == 415
    assert web.get("/livez").status_code == 200


def test_a_body_above_the_bound_is_refused_as_it_comes(web: httpx.Client) -> None:
    told = post(web, LIST, bytes(66 << 20))

    assert trailer(told.content)["grpc-status"] == "8"


def test_a_deadline_that_a_client_names_is_kept(web: httpx.Client, hands: Hands) -> None:
    told = post(web, GENERATE, framed(request().SerializeToString()), grpc_timeout="300m")

    assert trailer(told.content)["grpc-status"] == "4"
    until(lambda: [view.state for view in hands.desk.book.jobs(caller="default", limit=9)] == [State.CANCELLED])


def test_a_client_that_goes_away_cancels_its_job(web: httpx.Client, hands: Hands) -> None:
    body = framed(request().SerializeToString())
    with web.stream("POST", GENERATE, content=body, headers={"content-type": BINARY}) as told:
        next(told.iter_raw())

    until(lambda: hands.desk.book.describe(job_of(hands)).state is State.CANCELLED)


def test_pages_of_named_sites_may_call_and_others_may_not(web: httpx.Client) -> None:
    asking = {"access-control-request-method": "POST", "access-control-request-headers": "x-grpc-web,authorization"}
    preflight = web.options(LIST, headers={"origin": ORIGIN, **asking})
    called = post(web, LIST, framed(b""), origin=ORIGIN)
    foreign = post(web, LIST, framed(b""), origin="https://elsewhere.example")
    own = post(web, LIST, framed(b""), origin=str(web.base_url).rstrip("/"))

    assert (preflight.status_code, called.status_code, foreign.status_code, own.status_code) == (204, 200, 403, 200)
    assert preflight.headers["access-control-allow-origin"] == called.headers["access-control-allow-origin"] == ORIGIN
    assert "authorization" in preflight.headers["access-control-allow-headers"]
    assert "access-control-allow-origin" not in foreign.headers
