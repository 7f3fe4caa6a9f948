"""SDXL and few-step models, each painted as diffusers' own pipeline paints it."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers import StableDiffusionImg2ImgPipeline, StableDiffusionXLImg2ImgPipeline, UNet2DConditionModel, schedulers

from jobs.models import ModelTable
from jobs.settings import Settings
from jobs.variant import WeightedPrompt
from tests.engine.orders import order, outcomes, picture
from tests.engine.test_parity import reference
from worker.backends import Order, Pixels, Rendered
from worker.backends.local import LocalBackend
from worker.engine.samplers import SAMPLERS
from worker.engine.weights import generated_folder

XL = (
    '[models.xl]\nsource = "generated:tiny-xl"\nrevision = "1"\nfamily = "sdxl"\nmultiple = 8\nrows = { default = 4 }\n'
)


@pytest.fixture(scope="module")
def xl(cache_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalBackend]:
    """The engine with the small SDXL."""
    table = tmp_path_factory.mktemp("table") / "models.toml"
    table.write_text(XL)
    backend = LocalBackend(ModelTable.load(table), Settings(cache_dir=cache_dir, device="cpu", threads=1))
    yield backend
    backend.close()


@pytest.fixture(scope="module")
def pipeline(cache_dir: Path) -> StableDiffusionXLImg2ImgPipeline:
    """Diffusers' pipeline over the same weights."""
    found = StableDiffusionXLImg2ImgPipeline.from_pretrained(
        generated_folder("tiny-xl", "1", cache_dir), add_watermarker=False
    )
    found.set_progress_bar_config(disable=True)
    return found


def painted(pipeline: StableDiffusionXLImg2ImgPipeline, wanted: Order) -> Pixels:
    """What diffusers makes of the order, called alone."""
    asked = wanted.variant.parameters
    entry = SAMPLERS[asked.sampler]
    before = pipeline.scheduler
    pipeline.scheduler = getattr(schedulers, entry.scheduler).from_config(before.config, **entry.overrides)
    try:
        image = pipeline(
            prompt=asked.prompt,
            negative_prompt=asked.negative_prompt or None,
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


def test_sdxl_is_painted_as_diffusers_paints_it(xl: LocalBackend, pipeline: StableDiffusionXLImg2ImgPipeline) -> None:
    cells = [("euler", 5.0, ""), ("dpmpp_2m", 7.0, "blurry"), ("ddim", 1.0, ""), ("heun", 3.0, "")]
    orders = [
        order(index, sampler=sampler, cfg_scale=cfg_scale, negative_prompt=negative, model="xl", strength=0.7)
        for index, (sampler, cfg_scale, negative) in enumerate(cells)
    ]
    larger = order(9, model="xl", sampler="euler", pixels=np.ascontiguousarray(picture(128)[:64]))

    found = outcomes(xl, [*orders, larger])

    assert len(found) == 5
    for outcome in found:
        assert isinstance(outcome, Rendered), outcome
        expected = painted(pipeline, outcome.order)
        assert expected.std() > 5, "a flat picture would match anything"
        assert np.abs(outcome.pixels.astype(int) - expected.astype(int)).max() <= 1


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


def test_a_unet_that_takes_the_guidance_scale_costs_one_row_and_follows_it(cache_dir: Path, tmp_path: Path) -> None:
    pipeline = StableDiffusionImg2ImgPipeline.from_pretrained(generated_folder("tiny", "1", cache_dir))
    pipeline.set_progress_bar_config(disable=True)
    torch.manual_seed(3)
    config = {**pipeline.unet.config, "time_cond_proj_dim": 16}
    pipeline.unet = UNet2DConditionModel.from_config(config).eval()
    pipeline.save_pretrained(tmp_path / "few")
    table = tmp_path / "models.toml"
    table.write_text('[models.few]\nsource = "./few"\nmultiple = 8\nrows = { default = 4 }\n')
    backend = LocalBackend(ModelTable.load(table), Settings(cache_dir=cache_dir, device="cpu", threads=1))
    orders = [
        order(index, model="few", sampler="lcm", steps=4, strength=1.0, cfg_scale=scale)
        for index, scale in enumerate((1.0, 1.5, 8.0))
    ]

    try:
        found = outcomes(backend, orders)
    finally:
        backend.close()

    shown = {outcome.order.variant.index: outcome for outcome in found if isinstance(outcome, Rendered)}
    assert len({one.pixels.tobytes() for one in shown.values()}) == 3
    for one in shown.values():
        assert np.abs(one.pixels.astype(int) - reference(pipeline, one.order).astype(int)).max() <= 1
