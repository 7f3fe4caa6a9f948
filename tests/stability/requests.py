"""Requests as clients make them, and calls over a real channel."""

from collections.abc import Iterable
from typing import Any

import grpc

from jobs.wire import generation_pb2 as wire
from tests.stories.conftest import picture

GENERATE = "/gooseai.GenerationService/Generate"
CHAIN = "/gooseai.GenerationService/ChainGenerate"


def text(words: str, weight: float | None = None) -> wire.Prompt:
    parameters = None if weight is None else wire.PromptParameters(weight=weight)
    return wire.Prompt(text=words, parameters=parameters)


def artifact(data: bytes, kind: "wire.ArtifactType" = wire.ARTIFACT_IMAGE) -> wire.Prompt:
    return wire.Prompt(artifact=wire.Artifact(type=kind, binary=data))


def request(
    *more: wire.Prompt,
    start: float | None = 0.6,
    seeds: Iterable[int] = (5,),
    init: bytes | None = None,
    engine_id: str = "tiny",
    request_id: str = "",
    **image: Any,
) -> wire.Request:
    """An image-to-image request. `image`: fields of ImageParameters."""
    step = wire.StepParameter(scaled_step=0, sampler=wire.SamplerParameters(cfg_scale=3))
    if start is not None:
        step.schedule.start = start
    return wire.Request(
        engine_id=engine_id,
        request_id=request_id,
        prompt=[*(more or (text("a boat"),)), artifact(picture(40) if init is None else init)],
        image=wire.ImageParameters(seed=list(seeds), parameters=[step], **image),
    )


def generate(channel: grpc.Channel, asked: wire.Request | wire.ChainRequest, **how: Any) -> Any:
    """The call, under way."""
    kind = type(asked)
    method = channel.unary_stream(
        GENERATE if kind is wire.Request else CHAIN,
        request_serializer=kind.SerializeToString,
        response_deserializer=wire.Answer.FromString,
    )
    return method(asked, timeout=how.pop("timeout", 30), **how)


def images(answers: Iterable[wire.Answer]) -> list[wire.Artifact]:
    """The pictures of some answers, in the order in which they came."""
    return [one for answer in answers for one in answer.artifacts if one.type == wire.ARTIFACT_IMAGE]
