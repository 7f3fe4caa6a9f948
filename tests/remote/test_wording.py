"""An order in the words of the wire."""

import uuid
from dataclasses import replace

import pytest

from jobs.errors import Unsupported
from jobs.samplers import ALIASES
from jobs.variant import WeightedPrompt
from jobs.wire import generation_pb2 as wire
from tests.engine.orders import SIZE, order
from worker.backends.remote.wording import SAMPLERS, request_of


def test_every_parameter_travels_in_the_field_that_servers_read() -> None:
    asked = order(3, strength=0.25, steps=40, cfg_scale=6.5, sampler="dpmpp_2m", seed=2**32 - 1)

    request = request_of(asked, engine_id="sdxl", preset="", init_png=b"png")

    assert (request.engine_id, request.requested_type) == ("sdxl", wire.ARTIFACT_IMAGE)
    assert (request.image.width, request.image.height) == (SIZE, SIZE)
    assert (list(request.image.seed), request.image.samples, request.image.steps) == ([2**32 - 1], 1, 40)
    assert request.image.transform.diffusion == wire.SAMPLER_K_DPMPP_2M
    (step,) = request.image.parameters
    assert (step.schedule.start, step.sampler.cfg_scale) == (0.25, 6.5)
    assert not step.schedule.HasField("end")
    init = request.prompt[-1]
    assert (init.artifact.type, init.artifact.binary, init.parameters.init) == (wire.ARTIFACT_IMAGE, b"png", True)


def test_weights_and_the_negative_prompt_travel_as_weighted_texts() -> None:
    asked = order(prompts=(WeightedPrompt("boat", 1.5), WeightedPrompt("fog", -0.5)), negative_prompt="blur")

    request = request_of(asked, engine_id="e", preset="", init_png=b"")

    texts = [(prompt.text, prompt.parameters.weight) for prompt in request.prompt[:-1]]
    assert texts == [("blur", -1.0), ("boat", 1.5), ("fog", -0.5)]


def test_a_mask_travels_behind_the_init_image_in_the_same_polarity() -> None:
    request = request_of(order(), engine_id="e", preset="", init_png=b"init", mask_png=b"mask")

    kinds = [(p.artifact.type, p.artifact.binary) for p in request.prompt if p.WhichOneof("prompt") == "artifact"]
    assert kinds == [(wire.ARTIFACT_IMAGE, b"init"), (wire.ARTIFACT_MASK, b"mask")]


def test_what_the_wire_has_no_word_for_is_refused_rather_than_left_out() -> None:
    asked = order()
    skipping = replace(asked.variant, parameters=replace(asked.variant.parameters, clip_skip=1))

    with pytest.raises(Unsupported, match="clip_skip"):
        request_of(replace(asked, variant=skipping), engine_id="e", preset="", init_png=b"")


def test_every_sampler_of_the_wire_is_one_that_we_know() -> None:
    assert SAMPLERS.keys() <= ALIASES.keys()
    assert set(SAMPLERS.values()) == set(wire.DiffusionSampler.values())


def test_a_sampler_that_the_wire_has_no_number_for_is_refused_by_name() -> None:
    with pytest.raises(Unsupported, match="unipc"):
        request_of(order(sampler="unipc"), engine_id="e", preset="", init_png=b"")


@pytest.mark.parametrize("sampler", ["ddim", "lms"])
def test_ddim_which_is_zero_is_sent_and_not_left_out(sampler: str) -> None:
    request = request_of(order(sampler=sampler), engine_id="e", preset="", init_png=b"")

    assert wire.Request.FromString(request.SerializeToString()).image.transform.HasField("diffusion")


def test_the_request_id_follows_from_the_fingerprint_alone() -> None:
    one, again, other = (request_of(order(n), engine_id="e", preset="", init_png=b"") for n in (1, 1, 2))

    assert one.request_id == again.request_id != other.request_id
    assert str(uuid.UUID(one.request_id)) == one.request_id


def test_a_preset_travels_where_clients_put_it() -> None:
    request = request_of(order(), engine_id="e", preset="anime", init_png=b"")

    assert request.extras["$IPC"]["preset"] == "anime"  # type: ignore[index]
    assert not request_of(order(), engine_id="e", preset="", init_png=b"").HasField("extras")
