"""A picture of the engine is the one that diffusers' own pipeline makes when called alone."""

import json
import shutil
from collections.abc import Mapping
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import StableDiffusionImg2ImgPipeline, schedulers

from jobs.samplers import ALIASES, AVAILABLE
from jobs.variant import WeightedPrompt
from tests.engine.orders import Over, order, outcomes
from worker.backends import Order, Pixels, Rendered
from worker.backends.local import LocalBackend
from worker.engine.samplers import SAMPLERS
from worker.engine.weights import generated_folder

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


def test_where_no_step_is_left_the_picture_goes_through_diffusers_autoencoder(
    local: LocalBackend, pipeline: StableDiffusionImg2ImgPipeline
) -> None:
    # The end comes before the start; no strength; int(9 * 0.1) steps.
    cells: list[dict[str, Any]] = [{"strength": 0.3, "end": 0.7}, {"strength": 0.0}, {"strength": 0.1, "steps": 9}]
    orders = [order(index, **asked) for index, asked in enumerate(cells)]
    image = torch.from_numpy(orders[0].pixels.astype(np.float32) / 127.5 - 1).permute(2, 0, 1)[None]
    with torch.no_grad():
        through = pipeline.vae.decode(pipeline.vae.encode(image).latent_dist.mean).sample[0]
    expected = ((through / 2 + 0.5).clamp(0, 1) * 255).round().permute(1, 2, 0).numpy()

    found = [outcome.pixels for outcome in outcomes(local, orders) if isinstance(outcome, Rendered)]

    assert len(found) == len(cells)
    assert all((pixels == found[0]).all() for pixels in found)
    assert np.abs(found[0].astype(int) - expected.astype(int)).max() <= 1


def test_a_model_that_predicts_velocity_is_followed(over: Over, cache_dir: Path, tmp_path: Path) -> None:
    folder = tmp_path / "velocity"
    shutil.copytree(generated_folder("tiny", "1", cache_dir), folder)
    config = folder / "scheduler" / "scheduler_config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | {"prediction_type": "v_prediction"}))
    backend = over('[models.velocity]\nsource = "./velocity"\nmultiple = 8\nrows = { default = 4 }\n', tmp_path)
    # SD 2.x fills its prompts up with another token than the end.
    names = folder / "tokenizer" / "tokenizer_config.json"
    names.write_text(json.dumps(json.loads(names.read_text()) | {"pad_token": "!"}))
    diffusers = StableDiffusionImg2ImgPipeline.from_pretrained(folder)
    diffusers.set_progress_bar_config(disable=True)
    assert diffusers.tokenizer.pad_token_id not in {None, diffusers.tokenizer.eos_token_id}

    found = outcomes(backend, [order(n, sampler=name, model="velocity") for n, name in enumerate(sorted(SAMPLERS))])

    assert len(found) == len(SAMPLERS)
    for outcome in found:
        assert isinstance(outcome, Rendered), outcome
        off = np.abs(outcome.pixels.astype(int) - reference(diffusers, outcome.order).astype(int))
        assert off.max() <= 1


def test_the_vocabulary_offers_what_the_engine_has() -> None:
    assert set(SAMPLERS) <= set(ALIASES)
    assert set(SAMPLERS) == AVAILABLE
