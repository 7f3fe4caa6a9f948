"""A picture of the engine is the one that diffusers' own pipeline makes when called alone."""

import json
import shutil
from collections.abc import Mapping
from itertools import product
from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers import StableDiffusionImg2ImgPipeline, schedulers

from jobs.models import ModelTable
from jobs.samplers import ALIASES, AVAILABLE
from jobs.settings import Settings
from jobs.variant import WeightedPrompt
from tests.engine.orders import order, outcomes
from worker.backends import Order, Pixels, Rendered
from worker.backends.local import LocalBackend
from worker.engine.samplers import SAMPLERS
from worker.engine.weights import generated_folder

MIXED = ("ddim", "euler", "dpmpp_2m")
CELLS = [(0.2, 4.0, 10), (0.5, 1.0, 8), (0.75, 7.5, 6), (1.0, 0.0, 5), (1.0, 5.0, 20)]
"""(strength, cfg scale, steps): with guidance and without, on either side of where DPM++ changes its ending."""


@pytest.fixture(scope="session")
def pipeline(cache_dir: Path) -> StableDiffusionImg2ImgPipeline:
    """Diffusers' pipeline over the same weights, in the same memory format: another one rounds otherwise."""
    found = StableDiffusionImg2ImgPipeline.from_pretrained(generated_folder("tiny", "1", cache_dir))
    found.unet.to(memory_format=torch.channels_last)
    found.set_progress_bar_config(disable=True)
    return found


def reference(
    pipeline: StableDiffusionImg2ImgPipeline,
    wanted: Order,
    *,
    texts: Mapping[str, object] | None = None,
    last: int = 10_000,
) -> Pixels:
    """What diffusers makes of the order, called alone; encoded `texts` instead of the order's, `last` evaluations."""
    asked = wanted.variant.parameters
    entry = SAMPLERS[asked.sampler]
    before = pipeline.scheduler
    seed = {"noise_sampler_seed": asked.seed} if asked.sampler == "dpmpp_sde" else {}
    pipeline.scheduler = getattr(schedulers, entry.scheduler).from_config(before.config, **entry.overrides, **seed)

    def stop_after(pipe: StableDiffusionImg2ImgPipeline, number: int, *_: object) -> dict[str, object]:
        pipe._interrupt = number + 1 >= last
        return {}

    try:
        image = pipeline(
            **(texts or {"prompt": asked.prompt, "negative_prompt": asked.negative_prompt}),
            callback_on_step_end=stop_after,
            image=wanted.pixels[None].astype(np.float32) / 255.0,
            strength=asked.strength,
            num_inference_steps=asked.steps,
            guidance_scale=asked.cfg_scale,
            generator=torch.Generator().manual_seed(asked.seed),
            output_type="np",
        ).images[0]
    finally:
        pipeline.scheduler = before
    pixels: Pixels = (image * 255).round().astype(np.uint8)
    return pixels


@pytest.mark.parametrize("sampler", sorted(SAMPLERS))
def test_every_sampler_paints_what_diffusers_paints_alone(
    sampler: str, local: LocalBackend, pipeline: StableDiffusionImg2ImgPipeline
) -> None:
    orders = [
        order(index, sampler=sampler, strength=strength, cfg_scale=cfg_scale, steps=steps, seed=100 + index)
        for index, (strength, cfg_scale, steps) in enumerate(CELLS)
    ]

    found = outcomes(local, orders)

    assert len(found) == len(orders)
    shares = []
    for outcome in found:
        assert isinstance(outcome, Rendered), outcome
        expected = reference(pipeline, outcome.order)
        off = np.abs(outcome.pixels.astype(int) - expected.astype(int))
        assert off.max() <= 1, outcome.order.variant.parameters
        assert expected.std() > 10, "a flat picture would match anything"
        shares.append((off > 0).mean())
    assert np.mean(shares) <= 0.0005, "0.01 % or less was measured"


def test_prompts_reach_the_picture_as_in_diffusers(
    local: LocalBackend, pipeline: StableDiffusionImg2ImgPipeline
) -> None:
    texts = list(product(["a calm sea", "a wild storm"], ["", "blurry"]))
    orders = [
        order(index, prompts=(WeightedPrompt(text),), negative_prompt=negative, strength=1.0, cfg_scale=9.0)
        for index, (text, negative) in enumerate(texts)
    ]

    found = [outcome for outcome in outcomes(local, orders) if isinstance(outcome, Rendered)]

    assert len({outcome.pixels.tobytes() for outcome in found}) == len(texts)
    for outcome in found:
        off = np.abs(outcome.pixels.astype(int) - reference(pipeline, outcome.order).astype(int))
        assert off.max() <= 1


@pytest.mark.parametrize("sampler", ["ddim", "heun", "dpmpp_2m", "dpm_2_ancestral"])
def test_the_end_of_the_schedule_is_left_out(
    sampler: str, local: LocalBackend, pipeline: StableDiffusionImg2ImgPipeline
) -> None:
    whole = order(0, sampler=sampler, strength=0.8, steps=10)
    cut = order(1, sampler=sampler, strength=0.8, steps=10, end=0.35)

    found = {
        outcome.order.variant.index: outcome.pixels
        for outcome in outcomes(local, [whole, cut])
        if isinstance(outcome, Rendered)
    }

    # 8 steps of 10 begin, the last int(3.5) of them are left out.
    expected = reference(pipeline, cut, last=5 * (2 if sampler in {"heun", "dpm_2_ancestral"} else 1))
    assert np.abs(found[1].astype(int) - expected.astype(int)).max() <= 1
    assert (found[0] != found[1]).any()


def test_an_end_before_the_start_leaves_the_picture_through_the_autoencoder(local: LocalBackend) -> None:
    found = outcomes(local, [order(0, strength=0.3, end=0.7), order(1, strength=0.0)])

    shown = [outcome.pixels.tobytes() for outcome in found if isinstance(outcome, Rendered)]
    assert len(shown) == 2
    assert shown[0] == shown[1]


def test_a_model_that_predicts_velocity_is_followed(cache_dir: Path, tmp_path: Path) -> None:
    folder = tmp_path / "velocity"
    shutil.copytree(generated_folder("tiny", "1", cache_dir), folder)
    config = folder / "scheduler" / "scheduler_config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | {"prediction_type": "v_prediction"}))
    table = tmp_path / "models.toml"
    table.write_text('[models.velocity]\nsource = "./velocity"\nmultiple = 8\nrows = { default = 4 }\n')
    backend = LocalBackend(ModelTable.load(table), Settings(cache_dir=cache_dir, device="cpu", threads=1))
    diffusers = StableDiffusionImg2ImgPipeline.from_pretrained(folder)
    diffusers.set_progress_bar_config(disable=True)

    try:
        found = outcomes(backend, [order(index, sampler=name, model="velocity") for index, name in enumerate(MIXED)])
    finally:
        backend.close()

    assert len(found) == len(MIXED)
    for outcome in found:
        assert isinstance(outcome, Rendered), outcome
        off = np.abs(outcome.pixels.astype(int) - reference(diffusers, outcome.order).astype(int))
        assert off.max() <= 1


def test_the_vocabulary_offers_what_the_engine_has() -> None:
    assert set(SAMPLERS) <= set(ALIASES)
    assert set(SAMPLERS) == AVAILABLE
