"""SDXL and few-step models, each painted as diffusers' own pipeline paints it."""

from collections.abc import Mapping
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import (
    DiffusionPipeline,
    StableDiffusionImg2ImgPipeline,
    StableDiffusionXLImg2ImgPipeline,
    StableDiffusionXLInpaintPipeline,
    UNet2DConditionModel,
    schedulers,
)

from jobs.variant import WeightedPrompt
from tests.engine.orders import SIZE, Over, order, outcomes, picture
from tests.engine.test_parity import reference
from worker.backends import Order, Pixels, Rendered
from worker.backends.local import LocalBackend
from worker.engine.samplers import SAMPLERS
from worker.engine.weights import generated_folder

XL = (
    '[models.xl]\nsource = "generated:tiny-xl"\nrevision = "1"\nfamily = "sdxl"\nmultiple = 8\nrows = { default = 4 }\n'
)


XL_ORDER: Any = {"model": "xl", "strength": 0.7}


@pytest.fixture(scope="module")
def xl(over: Over) -> LocalBackend:
    """The engine with the small SDXL."""
    return over(XL)


@pytest.fixture(scope="module")
def pipeline(cache_dir: Path) -> StableDiffusionXLImg2ImgPipeline:
    """Diffusers' pipeline over the same weights."""
    found = StableDiffusionXLImg2ImgPipeline.from_pretrained(
        generated_folder("tiny-xl", "1", cache_dir), add_watermarker=False
    )
    found.set_progress_bar_config(disable=True)
    return found


def painted(
    pipeline: DiffusionPipeline, wanted: Order, *, texts: Mapping[str, object] | None = None, **more: object
) -> Pixels:
    """What diffusers makes of the order, called alone; `texts` instead of the order's, `more` for its pipeline."""
    asked = wanted.variant.parameters
    entry = SAMPLERS[asked.sampler]
    before = pipeline.scheduler
    seed = {"noise_sampler_seed": asked.seed} if asked.sampler == "dpmpp_sde" else {}
    pipeline.scheduler = getattr(schedulers, entry.scheduler).from_config(before.config, **entry.overrides, **seed)
    try:
        image = pipeline(
            **(texts or {"prompt": asked.prompt, "negative_prompt": asked.negative_prompt or None}),
            **more,
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


def test_sdxl_is_painted_as_diffusers_paints_it_by_every_sampler(
    xl: LocalBackend, pipeline: StableDiffusionXLImg2ImgPipeline
) -> None:
    orders = [
        order(n, sampler=sampler, cfg_scale=(5.0, 1.0, 3.0)[n % 3], negative_prompt=("", "blurry")[n % 2], **XL_ORDER)
        for n, sampler in enumerate(sorted(SAMPLERS))
    ]
    larger = order(90, model="xl", sampler="euler", pixels=np.ascontiguousarray(picture(128)[:64]))

    found = outcomes(xl, [*orders, larger])

    assert len(found) == len(SAMPLERS) + 1
    for outcome in found:
        assert isinstance(outcome, Rendered), outcome
        expected = painted(pipeline, outcome.order)
        assert expected.std() > 5, "a flat picture would match anything"
        assert np.abs(outcome.pixels.astype(int) - expected.astype(int)).max() <= 1


def told(pipeline: StableDiffusionXLImg2ImgPipeline, *pieces: str, skip: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """Pieces of a prompt as the pipeline encodes each, side by side, and the first one's pooled text."""
    said = [
        pipeline.encode_prompt(piece, do_classifier_free_guidance=False, clip_skip=skip or None) for piece in pieces
    ]
    return torch.cat([each[0] for each in said], dim=1).detach(), said[0][2].detach()


def guided(wanted: tuple[torch.Tensor, torch.Tensor], unwanted: tuple[torch.Tensor, torch.Tensor]) -> dict[str, object]:
    """What the pipeline takes instead of texts."""
    return {
        "prompt_embeds": wanted[0], "pooled_prompt_embeds": wanted[1],
        "negative_prompt_embeds": unwanted[0], "negative_pooled_prompt_embeds": unwanted[1],
    }  # fmt: skip


def test_sdxl_reads_long_weighted_and_skipped_prompts_as_diffusers_encodes_them(
    xl: LocalBackend, pipeline: StableDiffusionXLImg2ImgPipeline
) -> None:
    sea = "a boat on the sea "
    weights = (WeightedPrompt("a calm sea", 3.0), WeightedPrompt("a wild storm"), WeightedPrompt("a cat", -1.0))
    orders = [
        order(0, prompts=(WeightedPrompt(sea * 20),), negative_prompt="blurry", **XL_ORDER),
        order(1, prompts=weights, negative_prompt="blurry", **XL_ORDER),
        order(2, clip_skip=1, negative_prompt="blurry", **XL_ORDER),
    ]
    calm, storm, cat, blurry = (told(pipeline, text) for text in ("a calm sea", "a wild storm", "a cat", "blurry"))
    texts = [
        guided(told(pipeline, sea * 15, sea * 5), told(pipeline, "blurry", "")),
        guided(
            ((3 * calm[0] + storm[0]) / 4, (3 * calm[1] + storm[1]) / 4),
            ((blurry[0] + cat[0]) / 2, (blurry[1] + cat[1]) / 2),
        ),
        guided(told(pipeline, orders[2].variant.parameters.prompt, skip=1), told(pipeline, "blurry", skip=1)),
    ]

    found = outcomes(xl, orders)

    assert len(found) == len(orders)
    for outcome in found:
        assert isinstance(outcome, Rendered), outcome
        expected = painted(pipeline, outcome.order, texts=texts[outcome.order.variant.index])
        assert np.abs(outcome.pixels.astype(int) - expected.astype(int)).max() <= 1
        assert (expected != painted(pipeline, order(9, negative_prompt="blurry", **XL_ORDER))).any()


def test_sdxl_repaints_the_black_part_as_diffusers_does(xl: LocalBackend, cache_dir: Path) -> None:
    inpaint = StableDiffusionXLInpaintPipeline.from_pretrained(
        generated_folder("tiny-xl", "1", cache_dir), add_watermarker=False
    )
    inpaint.set_progress_bar_config(disable=True)
    mask: Pixels = np.full((SIZE, SIZE), 255, np.uint8)
    mask[16:48, 8:40] = 0
    white = torch.from_numpy(1 - mask.astype(np.float32) / 255)[None, None]
    cells = list(product(("euler", "dpmpp_2m", "heun"), (0.6, 1.0)))
    orders = [
        order(n, model="xl", sampler=sampler, strength=strength, mask=mask)
        for n, (sampler, strength) in enumerate(cells)
    ]

    found = outcomes(xl, orders)

    assert len(found) == len(orders)
    for outcome in found:
        assert isinstance(outcome, Rendered), outcome
        expected = painted(inpaint, outcome.order, mask_image=white, height=SIZE, width=SIZE)
        off = np.abs(outcome.pixels.astype(int) - expected.astype(int))
        assert off[mask == 0].max() <= 1
        assert (outcome.pixels[mask == 255] == outcome.order.pixels[mask == 255]).all()


def test_every_part_of_what_sdxl_is_told_reaches_the_picture(xl: LocalBackend) -> None:
    base = {"model": "xl", "strength": 1.0, "sampler": "euler", "cfg_scale": 9.0}
    long = WeightedPrompt("a boat on the sea " * 20)
    orders = [
        order(0, **base),  # type: ignore[arg-type]
        order(1, prompts=(WeightedPrompt("a cat"),), **base),  # type: ignore[arg-type]
        order(2, negative_prompt="a cat", **base),  # type: ignore[arg-type]
        order(3, clip_skip=1, **base),  # type: ignore[arg-type]
        order(4, prompts=(long,), **base),  # type: ignore[arg-type]
    ]

    found = [outcome.pixels.tobytes() for outcome in outcomes(xl, orders) if isinstance(outcome, Rendered)]

    assert len(set(found)) == len(orders)


def test_a_unet_that_takes_the_guidance_scale_costs_one_row_and_follows_it(
    over: Over, cache_dir: Path, tmp_path: Path
) -> None:
    pipeline = StableDiffusionImg2ImgPipeline.from_pretrained(generated_folder("tiny", "1", cache_dir))
    pipeline.set_progress_bar_config(disable=True)
    torch.manual_seed(3)
    config = {**pipeline.unet.config, "time_cond_proj_dim": 16}
    pipeline.unet = UNet2DConditionModel.from_config(config).eval()
    pipeline.save_pretrained(tmp_path / "few")
    backend = over('[models.few]\nsource = "./few"\nmultiple = 8\nrows = { default = 4 }\n', tmp_path)
    orders = [
        order(index, model="few", sampler="lcm", steps=4, strength=1.0, cfg_scale=scale)
        for index, scale in enumerate((1.0, 1.5, 8.0))
    ]

    found = outcomes(backend, orders)

    shown = {outcome.order.variant.index: outcome for outcome in found if isinstance(outcome, Rendered)}
    assert len({one.pixels.tobytes() for one in shown.values()}) == 3
    for one in shown.values():
        assert np.abs(one.pixels.astype(int) - reference(pipeline, one.order).astype(int)).max() <= 1
