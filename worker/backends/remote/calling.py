"""One call over gRPC: the channel with its credentials, a deadline, and how a call that failed is put in words."""

from collections.abc import Callable, Iterator
from typing import Protocol, cast

import grpc

from jobs.wire import generation_pb2 as wire
from worker.backends.remote.faults import Failure
from worker.backends.remote.reading import Gathering
from worker.backends.remote.remotes import Remote, read_bytes

GENERATE = "/gooseai.GenerationService/Generate"
_HINTS = (("grpc-retry-pushback-ms", 0.001), ("retry-after", 1.0))
_LONGEST_HINT_SECONDS = 3600.0


class CallFailed(Exception):
    """A call that brought no whole answer."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.words)
        self.failure = failure


class Stream(Protocol):
    """A call under way."""

    def __iter__(self) -> Iterator[wire.Answer]:
        """Its answers."""
        ...

    def cancel(self) -> bool:
        """End it."""
        ...


class Line:
    """A remote's channel; opened at once, connected at the first call. Thread-safe."""

    def __init__(self, remote: Remote) -> None:
        """Raises InvalidSpec where a file that the remote names can't be read."""
        self._remote = remote
        options = (
            ("grpc.max_send_message_length", remote.message_bytes),
            ("grpc.max_receive_message_length", remote.message_bytes),
            ("grpc.keepalive_time_ms", int(remote.keepalive_seconds * 1000)),
            ("grpc.keepalive_timeout_ms", 20_000),
            ("grpc.max_reconnect_backoff_ms", 5_000),  # the breaker decides when to try again
            ("grpc.enable_http_proxy", 0),  # whoever sets this process' environment doesn't say whom it talks to
        )
        if remote.tls:
            roots = read_bytes(remote.ca_file, field=f"remotes.{remote.name}.ca_file") if remote.ca_file else None
            self._channel = grpc.secure_channel(remote.target, grpc.ssl_channel_credentials(roots), options)
        else:
            self._channel = grpc.insecure_channel(remote.target, options)
        self._generate = self._channel.unary_stream(
            GENERATE,
            request_serializer=wire.Request.SerializeToString,
            response_deserializer=wire.Answer.FromString,
        )

    def ask(self, request: wire.Request, *, begun: Callable[[Stream], None]) -> Gathering:
        """Send it and gather the answers. `begun` gets the call as soon as there is one to cancel.

        Raises:
            CallFailed: the stream ended with a status before there was a picture.
            BadAnswer: far too many pictures.

        """
        gathered = Gathering()
        stream = self._generate(request, timeout=self._remote.deadline_seconds, metadata=self._metadata())
        begun(cast("Stream", stream))
        try:
            for answer in stream:
                gathered.take(answer)
        except grpc.RpcError as error:
            if not gathered.complete:  # what broke off behind the picture does no harm to it
                raise CallFailed(_failure(error)) from error
        finally:
            stream.cancel()
        return gathered

    def close(self) -> None:
        """End every call."""
        self._channel.close()

    def _metadata(self) -> tuple[tuple[str, str], ...]:
        key = self._remote.secret()
        bearer = (("authorization", f"Bearer {key}"),) if key else ()
        return (*self._remote.metadata.items(), *bearer)


def _failure(error: grpc.RpcError) -> Failure:
    call = cast("grpc.Call", error)
    trailing = {key: value for key, value in call.trailing_metadata() or () if isinstance(value, str)}
    return Failure(call.code().name, call.details() or "", _hint(trailing))


def _hint(trailing: dict[str, str]) -> float | None:
    for key, unit in _HINTS:
        try:
            hint = float(trailing[key]) * unit
        except (KeyError, ValueError):
            continue
        return min(hint, _LONGEST_HINT_SECONDS) if hint == hint else None  # noqa: PLR0124  not a number
    return None
