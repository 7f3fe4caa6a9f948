"""The door over native gRPC (HTTP/2), on a port of its own in the API's process and on its event loop."""

import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing

import grpc
from grpc import aio

from api.stability.door import Door, Method
from api.stability.status import Ended
from jobs.errors import InvalidSpec, Problem
from jobs.settings import Settings

_log = logging.getLogger(__name__)
MOST_CALLS = 512
_MESSAGE = "message larger than max"  # what clients look for before they blame their purse


class Native:
    """A server that runs; `port` is the one that it listens on."""

    def __init__(self, server: aio.Server, port: int) -> None:
        self._server = server
        self.port = port

    @classmethod
    async def start(cls, door: Door) -> "Native":
        """Listen where the settings say.

        Raises:
            InvalidSpec: half of a TLS pair, a file that can't be read, a port that is taken.

        """
        options = (
            ("grpc.max_receive_message_length", door.message_bytes),
            ("grpc.max_send_message_length", -1),  # our own pictures
            ("grpc.http2.min_recv_ping_interval_without_data_ms", 10_000),  # clients that keep a quiet call alive
            ("grpc.so_reuseport", 0),  # a port that is taken is an error
        )
        server = aio.server(options=options, maximum_concurrent_rpcs=MOST_CALLS)
        server.add_generic_rpc_handlers((_Handlers(door),))
        port = _listen(server, door.settings)
        await server.start()
        _log.info("the gRPC door listens on port %d", port)
        return cls(server, port)

    async def stop(self, grace_seconds: float) -> None:
        """Take no further call, and end what is left after so long."""
        await self._server.stop(grace_seconds)


def _listen(server: aio.Server, settings: Settings) -> int:
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    address = f"{host}:{settings.grpc_port}"
    try:
        credentials = _credentials(settings)
        return server.add_secure_port(address, credentials) if credentials else server.add_insecure_port(address)
    except RuntimeError as error:
        raise InvalidSpec(
            [Problem("grpc_port", "can't be listened on", value=address)], source="the settings"
        ) from error


def _credentials(settings: Settings) -> grpc.ServerCredentials | None:
    key, certificate = settings.grpc_tls_key, settings.grpc_tls_certificate
    if key is None and certificate is None:
        return None
    if key is None or certificate is None:
        problem = Problem("grpc_tls_key", "and grpc_tls_certificate go together", remedy="Set both, or none.")
        raise InvalidSpec([problem], source="the settings")
    try:
        pair = (key.read_bytes(), certificate.read_bytes())
    except OSError as error:
        problem = Problem("grpc_tls_key", f"can't be read: {error.strerror}", value=str(error.filename))
        raise InvalidSpec([problem], source="the settings") from error
    return grpc.ssl_server_credentials([pair])


class _Handlers(grpc.GenericRpcHandler):
    """Finds a method's handler by its path; bytes in and out, so that a request that can't be read has our words."""

    def __init__(self, door: Door) -> None:
        self._handlers = {path: _handler(door, path, method) for path, method in door.methods.items()}

    def service(self, details: grpc.HandlerCallDetails) -> "grpc.RpcMethodHandler[bytes, bytes] | None":
        """The handler, None where there is none (grpc answers UNIMPLEMENTED)."""
        return self._handlers.get(details.method)


def _handler(door: Door, path: str, method: Method) -> "grpc.RpcMethodHandler[bytes, bytes]":
    async def answers(body: bytes, context: "aio.ServicerContext[bytes, bytes]") -> AsyncGenerator[bytes]:
        metadata = {key: value for key, value in context.invocation_metadata() or () if isinstance(value, str)}
        try:
            async with aclosing(door.call(path, body, metadata.get("authorization", ""))) as found:
                async for answer in found:
                    yield answer
        except Ended as end:
            await context.abort(end.status, end.words, end.trailers)

    async def stream(body: bytes, context: "aio.ServicerContext[bytes, bytes]") -> None:
        async with aclosing(
            answers(body, context)
        ) as found:  # a call that is cancelled ends here, and not when swept up
            async for answer in found:
                await context.write(answer)

    async def one(body: bytes, context: "aio.ServicerContext[bytes, bytes]") -> bytes:
        return [answer async for answer in answers(body, context)][0]  # noqa: RUF015  an early break would leave it open

    if method.streams:
        return grpc.unary_stream_rpc_method_handler(stream)
    return grpc.unary_unary_rpc_method_handler(one)
