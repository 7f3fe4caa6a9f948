"""From a request of the wire to a job spec: what each field becomes, and what is refused in which words."""

from collections.abc import Callable
from typing import Any

import pytest
from google.protobuf.struct_pb2 import Struct

from api.stability.translate import Asked, translate
from jobs.errors import InvalidSpec, Unsupported
from jobs.models import ModelTable
from jobs.presets import load_presets
from jobs.samplers import AVAILABLE, canonical
from jobs.spec import parse_spec, with_defaults
from jobs.sweep import Sweep
from jobs.variant import Parameters, WeightedPrompt
from jobs.wire import generation_pb2 as wire
from tests.stability.requests import artifact, request, text

TABLE = ModelTable.load()
TINY = TABLE.resolve("tiny")
PRESETS = load_presets(None)


def asked(message: wire.Request, draw: Callable[[int], int] = lambda sample: 1000 + sample) -> Asked:
    return translate(message, TINY, PRESETS, draw=draw)


def parameters(message: wire.Request) -> list[Parameters]:
    """What each picture of the job is made from."""
    document = {"images": [{"uri": "upload://" + "0" * 64}], **asked(message).document}
    return [variant.parameters for variant in Sweep(with_defaults(parse_spec(document), TABLE.suits))]


def with_preset(name: str) -> wire.Request:
    extras = Struct()
    extras.update({"$IPC": {"preset": name, "mode": "multistage"}})
    message = request(text("a boat"), text("fog", -0.5))
    message.extras.CopyFrom(extras)
    return message


def test_every_field_lands_where_it_belongs() -> None:
    message = request(
        text("a boat", 1.5), text("fog", -0.25), seeds=[7], steps=40, width=128, height=64, init=b"init",
        transform=wire.TransformType(diffusion=wire.SAMPLER_K_EULER_ANCESTRAL),
    )  # fmt: skip
    message.image.parameters[0].schedule.end = 0.1

    (made,) = parameters(message)

    assert asked(message).init == b"init"
    assert made.prompts == (WeightedPrompt("a boat", 1.5), WeightedPrompt("fog", -0.25))
    assert (made.seed, made.steps, made.width, made.height) == (7, 40, 128, 64)
    assert (made.sampler, made.strength, made.cfg_scale) == ("euler_ancestral", 0.6, 3.0)
    assert made.step_schedule_end == 0.1


def test_a_float_of_32_bits_is_what_was_written() -> None:
    (made,) = parameters(request(text("a", 0.1), start=0.35))

    assert (made.strength, made.prompts[0].weight) == (0.35, 0.1)


def test_what_is_absent_is_the_models_default_and_the_init_images_size() -> None:
    message = request()
    del message.image.parameters[:]

    (made,) = parameters(message)

    chosen = TINY.defaults
    assert (made.sampler, made.steps, made.cfg_scale) == (chosen.sampler, chosen.steps, chosen.cfg_scale)
    assert (made.strength, made.width, made.height) == (1.0, None, None)


def test_ddim_which_is_zero_is_not_the_same_as_absent() -> None:
    message = request(transform=wire.TransformType(diffusion=wire.SAMPLER_DDIM))

    assert asked(message).document["sampler"] == "SAMPLER_DDIM"
    assert "sampler" not in asked(request()).document


@pytest.mark.parametrize("name", [name for name, _ in wire.DiffusionSampler.items() if canonical(name) in AVAILABLE])
def test_every_sampler_that_we_run_is_reached_by_its_number(name: str) -> None:
    message = request(transform=wire.TransformType(diffusion=name))

    assert parameters(message)[0].sampler == canonical(name)


def test_braces_in_a_prompt_are_letters() -> None:
    (made,) = parameters(request(text("a {red|blue} {x} }{ boat")))

    assert made.prompts[0].text == "a {red|blue} {x} }{ boat"


@pytest.mark.parametrize(
    ("seeds", "samples", "expected"),
    [
        ([5], 1, [5]),
        ([5], 3, [5, 6, 7]),
        ([5, 9], 3, [5, 9, 10]),
        ([5, 5, 5], 3, [5, 6, 7]),
        ([2**32 - 1], 2, [2**32 - 1, 1001]),
        ([0, 0], 2, [1000, 1001]),
        ([], 2, [1000, 1001]),
        ([], None, [1000]),
        ([3, 4], None, [3, 4]),
        ([7, 6], 3, [7, 6, 8]),
    ],
)
def test_samples_have_seeds_of_their_own(seeds: list[int], samples: int | None, expected: list[int]) -> None:
    image: dict[str, Any] = {} if samples is None else {"samples": samples}

    message = request(seeds=seeds, **image)

    assert list(asked(message).seeds) == expected
    assert [made.seed for made in parameters(message)] == expected


def test_a_preset_goes_around_the_prompts_that_are_wanted() -> None:
    (made,) = parameters(with_preset("Anime"))

    assert made.prompts == (WeightedPrompt(PRESETS["anime"].around("a boat")), WeightedPrompt("fog", -0.5))
    assert made.negative_prompt == PRESETS["anime"].negative
    assert parameters(with_preset("none"))[0].prompts[0].text == "a boat"


def changed(**fields: Any) -> wire.Request:
    return request(**fields)


def classifier() -> wire.Request:
    message = request()
    message.classifier.SetInParent()
    return message


def text_only() -> wire.Request:
    message = request()
    del message.prompt[-1]
    return message


def with_mask() -> wire.Request:
    message = request()
    message.prompt.append(artifact(b"mask", wire.ARTIFACT_MASK))
    return message


def test_a_mask_is_told_by_its_type_wherever_it_stands() -> None:
    message = request(artifact(b"mask", wire.ARTIFACT_MASK), text("a boat"), init=b"init")

    assert (asked(message).init, asked(message).mask) == (b"init", b"mask")
    assert asked(with_mask()).mask == b"mask"
    assert asked(request()).mask == b""


def video() -> wire.Request:
    message = request()
    message.requested_type = wire.ARTIFACT_VIDEO
    return message


def guided() -> wire.Request:
    message = request()
    message.image.parameters[0].guidance.guidance_preset = wire.GUIDANCE_PRESET_FAST_BLUE
    return message


@pytest.mark.parametrize(
    ("message", "says"),
    [
        (text_only(), "no init image"),
        (video(), "only pictures"),
        (guided(), "guidance"),
        (changed(adapter=wire.T2IAdapterParameter(adapter_type=wire.T2IADAPTER_CANNY)), "adapter"),
        (changed(transform=wire.TransformType(upscaler=wire.UPSCALER_ESRGAN)), "upscaler"),
        (changed(fine_tuning_parameters=[wire.FineTuningParameters(model_id="x")]), "fine-tune"),
        (request(artifact(b"", wire.ARTIFACT_DEPTH), text("a")), "ARTIFACT_DEPTH"),
    ],
)
def test_what_can_not_be_done_is_refused_and_told_what_can(message: wire.Request, says: str) -> None:
    with pytest.raises(Unsupported, match=says) as refused:
        asked(message)

    assert refused.value.remedy


@pytest.mark.parametrize(
    ("message", "field"),
    [
        (classifier(), "params"),
        (request(artifact(b"2"), text("a")), "prompt"),
        (request(*[artifact(b"m", wire.ARTIFACT_MASK)] * 2, text("a")), "prompt"),
        (changed(samples=0), "image.samples"),
        (changed(samples=101), "image.samples"),
        (changed(seeds=[1, 2], samples=1), "image.seed"),
        (with_preset("anmie"), "extras.$IPC.preset"),
    ],
)
def test_what_is_wrong_is_refused_by_the_name_of_its_field(message: wire.Request, field: str) -> None:
    with pytest.raises(InvalidSpec) as refused:
        asked(message)

    assert field in [problem.path for problem in refused.value.problems]


def test_what_clients_send_without_meaning_anything_by_it_does_no_harm() -> None:
    message = request(adapter=wire.T2IAdapterParameter(adapter_strength=0.4))
    message.image.masked_area_init = wire.MASKED_AREA_INIT_ORIGINAL
    message.prompt[-1].parameters.init = True

    assert len(parameters(message)) == 1
