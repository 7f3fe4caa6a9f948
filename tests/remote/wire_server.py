"""A real gRPC server of the protocol that fails as it is told: each call takes the next behaviour of its script."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Self

import grpc

from jobs.wire import generation_pb2 as wire
from tests.engine.orders import picture
from worker.output.png import encode_png

Behaviour = Callable[[wire.Request, grpc.ServicerContext], Iterator[wire.Answer]]
CALL_SECONDS = 30


def init_of(request: wire.Request) -> bytes:
    """The init image's bytes."""
    return next(p.artifact.binary for p in request.prompt if p.artifact.type == wire.ARTIFACT_IMAGE)


def answer(*artifacts: wire.Artifact, answer_id: str = "a") -> wire.Answer:
    return wire.Answer(answer_id=answer_id, artifacts=artifacts)


def image(data: bytes, seed: int, **said: object) -> wire.Artifact:
    return wire.Artifact(type=wire.ARTIFACT_IMAGE, mime="image/png", binary=data, seed=seed, **said)  # type: ignore[arg-type]


def verdict(action: "wire.Action" = wire.ACTION_PASSTHROUGH) -> wire.Artifact:
    return wire.Artifact(
        type=wire.ARTIFACT_CLASSIFICATIONS, classifier=wire.ClassifierParameters(realized_action=action)
    )


def echo(request: wire.Request, _: grpc.ServicerContext) -> Iterator[wire.Answer]:
    """The init image as the picture, behind a sign of life."""
    yield answer()
    yield answer(image(init_of(request), request.image.seed[0]), verdict())


def status(code: grpc.StatusCode, words: str = "", **trailing: str) -> Behaviour:
    """End with a status."""

    def behave(_: wire.Request, context: grpc.ServicerContext) -> Iterator[wire.Answer]:
        context.set_trailing_metadata(tuple((key.replace("_", "-"), value) for key, value in trailing.items()))
        context.abort(code, words)
        yield answer()

    return behave


def after_picture(then: Behaviour) -> Behaviour:
    """A whole picture, then something else."""

    def behave(request: wire.Request, context: grpc.ServicerContext) -> Iterator[wire.Answer]:
        yield from echo(request, context)
        yield from then(request, context)

    return behave


def before_picture(then: Behaviour) -> Behaviour:
    """A sign of life, then something else."""

    def behave(request: wire.Request, context: grpc.ServicerContext) -> Iterator[wire.Answer]:
        yield answer()
        yield from then(request, context)

    return behave


def sends(*make: Callable[[wire.Request], wire.Answer]) -> Behaviour:
    """These answers, then a good end."""

    def behave(request: wire.Request, _: grpc.ServicerContext) -> Iterator[wire.Answer]:
        for one in make:
            yield one(request)

    return behave


def hang(_: wire.Request, context: grpc.ServicerContext) -> Iterator[wire.Answer]:
    """Signs of life until the client goes away, and no picture."""
    gone = threading.Event()
    context.add_callback(gone.set)
    while not gone.wait(0.02):
        yield answer()


def other_picture() -> bytes:
    return encode_png(picture(turn=1), text={})


class WireServer:
    """Serves in threads. `requests` and `metadata` keep what came; `script` is what is done with the next calls."""

    def __init__(
        self,
        script: Sequence[Behaviour] = (),
        *,
        otherwise: Behaviour = echo,
        port: int = 0,
        tls: tuple[bytes, bytes] | None = None,
        seconds: float = 0.0,
    ) -> None:
        self.script = list(script)
        self.otherwise = otherwise
        self.requests: list[wire.Request] = []
        self.metadata: list[dict[str, str]] = []
        self.at_once = 0
        self.most_at_once = 0
        self._seconds = seconds
        self._lock = threading.Lock()
        self._server = grpc.server(
            ThreadPoolExecutor(64), options=(("grpc.max_receive_message_length", 256 << 20), ("grpc.so_reuseport", 0))
        )
        method = grpc.unary_stream_rpc_method_handler(
            self._generate,
            request_deserializer=wire.Request.FromString,
            response_serializer=wire.Answer.SerializeToString,
        )
        handler = grpc.method_handlers_generic_handler("gooseai.GenerationService", {"Generate": method})
        self._server.add_generic_rpc_handlers((handler,))
        address = f"127.0.0.1:{port}"
        if tls:
            self.port = self._server.add_secure_port(address, grpc.ssl_server_credentials([tls]))
        else:
            self.port = self._server.add_insecure_port(address)

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def kill(self) -> None:
        """End in the middle of whatever is going on."""
        self._server.stop(grace=None).wait()

    def _generate(self, request: wire.Request, context: grpc.ServicerContext) -> Iterator[wire.Answer]:
        with self._lock:
            self.requests.append(request)
            self.metadata.append({key: str(value) for key, value in context.invocation_metadata()})
            behave = self.script.pop(0) if self.script else self.otherwise
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            if self._seconds:
                time.sleep(self._seconds)
            yield from behave(request, context)
        finally:
            with self._lock:
                self.at_once -= 1
