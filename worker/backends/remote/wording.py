"""An order in the words of the wire: pure, so that what is sent can be read off in a test."""

import uuid

from google.protobuf.struct_pb2 import Struct

from jobs.errors import Unsupported
from jobs.loras import written
from jobs.wire import generation_pb2 as wire
from worker.backends import Order

SAMPLERS = {
    "ddim": wire.SAMPLER_DDIM,
    "ddpm": wire.SAMPLER_DDPM,
    "euler": wire.SAMPLER_K_EULER,
    "euler_ancestral": wire.SAMPLER_K_EULER_ANCESTRAL,
    "heun": wire.SAMPLER_K_HEUN,
    "dpm_2": wire.SAMPLER_K_DPM_2,
    "dpm_2_ancestral": wire.SAMPLER_K_DPM_2_ANCESTRAL,
    "lms": wire.SAMPLER_K_LMS,
    "dpmpp_2s_ancestral": wire.SAMPLER_K_DPMPP_2S_ANCESTRAL,
    "dpmpp_2m": wire.SAMPLER_K_DPMPP_2M,
    "dpmpp_sde": wire.SAMPLER_K_DPMPP_SDE,
}
"""What the wire has a number for; the others are refused by name."""


def request_of(order: Order, *, engine_id: str, preset: str, init_png: bytes, mask_png: bytes = b"") -> wire.Request:
    """The request for one picture. `init_png`: the order's pixels, encoded; `mask_png`: its mask.

    The request id follows from the fingerprint, so a server that knows ids makes a picture once however often it is
    asked.

    Raises:
        Unsupported: a sampler that the wire has no number for, layers of the text encoder to skip.

    """
    asked = order.variant.parameters
    if asked.sampler not in SAMPLERS:
        said = f"sampler: remotes' protocol has no number for {asked.sampler!r}"
        raise Unsupported(said, remedy=f"Use one of {', '.join(SAMPLERS)}.")
    if asked.loras:
        said = f"loras: remotes' protocol has no word for them (got {written(asked.loras)})"
        raise Unsupported(said, remedy="Leave them out, or run the job on the local backend.")
    if asked.clip_skip:
        said = f"clip_skip: remotes' protocol has no word for it (got {asked.clip_skip})"
        raise Unsupported(said, remedy="Leave it out, or render locally.")
    height, width = order.pixels.shape[:2]
    schedule = wire.ScheduleParameters(start=asked.strength)
    if asked.step_schedule_end:
        schedule.end = asked.step_schedule_end
    step = wire.StepParameter(
        scaled_step=0,
        sampler=wire.SamplerParameters(cfg_scale=asked.cfg_scale),
        schedule=schedule,
    )
    request = wire.Request(
        engine_id=engine_id,
        request_id=str(uuid.UUID(hex=order.fingerprint)),
        requested_type=wire.ARTIFACT_IMAGE,
        prompt=[*_texts(order), _init(init_png), *([_mask(mask_png)] if mask_png else [])],
        image=wire.ImageParameters(
            height=height,
            width=width,
            seed=[asked.seed],
            samples=1,
            steps=asked.steps,
            transform=wire.TransformType(diffusion=SAMPLERS[asked.sampler]),
            parameters=[step],
        ),
    )
    if preset:
        extras = Struct()
        extras.update({"$IPC": {"preset": preset}})
        request.extras.CopyFrom(extras)
    return request


def _texts(order: Order) -> list[wire.Prompt]:
    """The prompts in their order; the negative one comes first among the negative, as the local engine has it."""
    asked = order.variant.parameters
    found = [(part.text, part.weight) for part in asked.prompts]
    if asked.negative_prompt:
        found.insert(0, (asked.negative_prompt, -1.0))
    return [wire.Prompt(text=text, parameters=wire.PromptParameters(weight=weight)) for text, weight in found]


def _init(png: bytes) -> wire.Prompt:
    artifact = wire.Artifact(type=wire.ARTIFACT_IMAGE, mime="image/png", binary=png)
    return wire.Prompt(parameters=wire.PromptParameters(init=True), artifact=artifact)


def _mask(png: bytes) -> wire.Prompt:
    return wire.Prompt(artifact=wire.Artifact(type=wire.ARTIFACT_MASK, mime="image/png", binary=png))
