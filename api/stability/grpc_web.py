"""The door over gRPC-Web: gRPC as browsers can speak it, over HTTP/1.1, on the API's own port.

A frame is a flag, a length and a message; the last one (flag 0x80) holds the status, which HTTP/1.1 has no place for
behind a body. In the text form every frame travels in base64. Pages of other sites may call where `door_origins` names
them; without keys the network is the only guard, and a browser stands inside it.
"""

import asyncio
import base64
import binascii
import re
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from contextlib import aclosing
from typing import Any
from urllib.parse import quote, urlsplit

from grpc import StatusCode

from api.stability.door import PREFIX, Door
from api.stability.status import Ended

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]

_TYPE = re.compile(r"application/grpc-web(-text)?(\+proto)?")
_TRAILER = 0x80
_HEAD = 5
_HEADERS = (
    "content-type, x-grpc-web, x-user-agent, authorization, grpc-timeout, stability-client-id, stability-client-version"
)
_UNITS = {"H": 3600.0, "M": 60.0, "S": 1.0, "m": 1e-3, "u": 1e-6, "n": 1e-9}
_TIMEOUT = re.compile(r"(\d{1,8})([HMSmun])")


class GrpcWeb:
    """ASGI: answers the protocol's own paths, and leaves all others to `app`."""

    def __init__(self, app: App, door: Door) -> None:
        self.app = app
        self._door = door
        self._origins = frozenset(door.settings.door_origins)

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """One call."""
        if scope["type"] != "http" or not scope["path"].startswith(PREFIX):
            await self.app(scope, receive, send)
            return
        headers = {key.decode("latin-1").lower(): value.decode("latin-1") for key, value in scope["headers"]}
        if not self._welcome(headers):
            await _plain(
                send, 403, "a page of another site may not call here; PENTIMENTO_DOOR_ORIGINS names those that may"
            )
            return
        cors = _cors(headers)
        kind = _TYPE.fullmatch(headers.get("content-type", "").split(";")[0].strip().lower())
        if scope["method"] == "OPTIONS":
            await _plain(send, 204, "", cors)
        elif scope["method"] != "POST":
            await _plain(send, 405, "POST is the only method here", cors)
        elif kind is None:
            await _plain(send, 415, "content-type must be application/grpc-web or application/grpc-web-text", cors)
        else:
            start = {"type": "http.response.start", "status": 200, "headers": [_header("content-type", kind[0]), *cors]}
            await self._serve(scope["path"], headers, receive, _Sending(send, start, text=bool(kind[1])))

    def _welcome(self, headers: dict[str, str]) -> bool:
        origin = headers.get("origin", "")
        return not origin or bool({origin, "*"} & self._origins) or urlsplit(origin).netloc == headers.get("host", "")

    async def _serve(self, path: str, headers: dict[str, str], receive: Receive, sending: "_Sending") -> None:
        try:
            body = await self._body(receive, text=sending.text)
            answering = asyncio.ensure_future(self._answer(path, body, headers, sending))
        except Ended as end:
            await sending.end(end)
            return
        gone = asyncio.ensure_future(_gone(receive))
        try:
            await asyncio.wait({answering, gone}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (answering, gone):
                task.cancel()
            await asyncio.gather(gone, return_exceptions=True)
        try:
            await answering
        except asyncio.CancelledError:
            if not gone.done() or gone.cancelled():
                raise

    async def _answer(self, path: str, body: bytes, headers: dict[str, str], sending: "_Sending") -> None:
        end = Ended(StatusCode.OK, "")
        try:
            async with asyncio.timeout(_seconds(headers.get("grpc-timeout", ""))):
                async with aclosing(self._door.call(path, body, headers.get("authorization", ""))) as answers:
                    async for answer in answers:
                        await sending.frame(0, answer)
        except Ended as error:
            end = error
        except TimeoutError:
            end = Ended(StatusCode.DEADLINE_EXCEEDED, "the deadline that the call came with is over")
        await sending.end(end)

    async def _body(self, receive: Receive, *, text: bool) -> bytes:
        limit = self._door.message_bytes + _HEAD
        found = bytearray()
        async for piece in _pieces(receive):
            found += piece
            if len(found) > (limit * 4 // 3 + 4 if text else limit):
                raise Ended(StatusCode.RESOURCE_EXHAUSTED, f"Received message larger than max ({limit - _HEAD} bytes)")
        try:
            data = base64.b64decode(bytes(found), validate=True) if text else bytes(found)
        except binascii.Error as error:
            raise Ended(StatusCode.INVALID_ARGUMENT, "the body is not base64") from error
        if len(data) < _HEAD or len(data) != _HEAD + struct.unpack(">I", data[1:_HEAD])[0]:
            raise Ended(StatusCode.INVALID_ARGUMENT, "the body is not one whole gRPC-Web frame")
        if data[0]:
            raise Ended(StatusCode.UNIMPLEMENTED, "frames that are compressed are not read here")
        return data[_HEAD:]


class _Sending:
    """An answer's frames. The head goes out with the first of them."""

    def __init__(self, send: Send, start: Message, *, text: bool) -> None:
        self._send = send
        self._start: Message | None = start
        self.text = text

    async def frame(self, flag: int, data: bytes, *, last: bool = False) -> None:
        """One frame."""
        if self._start is not None:
            await self._send(self._start)
            self._start = None
        whole = struct.pack(">BI", flag, len(data)) + data
        body = base64.b64encode(whole) if self.text else whole
        await self._send({"type": "http.response.body", "body": body, "more_body": not last})

    async def end(self, end: Ended) -> None:
        """The status, in the frame behind all others."""
        words = quote(end.words, safe=" !#$&()*+,/:;=?@[]{}")
        told = (("grpc-status", str(end.status.value[0])), ("grpc-message", words), *end.trailers)
        lines = "".join(f"{name}: {value}\r\n" for name, value in told)
        await self.frame(_TRAILER, lines.encode("ascii"), last=True)


async def _pieces(receive: Receive) -> AsyncIterator[bytes]:
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Ended(StatusCode.CANCELLED, "the client went away")
        yield message.get("body", b"")
        if not message.get("more_body"):
            return


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _plain(send: Send, status: int, text: str, headers: list[tuple[bytes, bytes]] | None = None) -> None:
    body = text.encode()
    own = [_header("content-type", "text/plain; charset=utf-8"), _header("content-length", str(len(body)))]
    await send({"type": "http.response.start", "status": status, "headers": [*own, *(headers or [])]})
    await send({"type": "http.response.body", "body": body})


def _cors(headers: dict[str, str]) -> list[tuple[bytes, bytes]]:
    if "origin" not in headers:
        return []
    return [
        _header("access-control-allow-origin", headers["origin"]),
        _header("vary", "Origin"),
        _header("access-control-allow-methods", "POST"),
        _header("access-control-allow-headers", _HEADERS),
        _header("access-control-expose-headers", "grpc-status, grpc-message"),
        _header("access-control-max-age", "600"),
    ]


def _header(name: str, value: str) -> tuple[bytes, bytes]:
    return name.encode("latin-1"), value.encode("latin-1")


def _seconds(said: str) -> float | None:
    found = _TIMEOUT.fullmatch(said)
    return int(found[1]) * _UNITS[found[2]] if found else None
