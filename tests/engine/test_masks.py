"""A masked picture: repainted as diffusers' inpainting pipeline repaints it, and to the bit as it was elsewhere."""

from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers import StableDiffusionInpaintPipeline, UNet2DConditionModel, schedulers

from jobs.models import ModelTable
from jobs.settings import Settings
from tests.engine.orders import SIZE, order, outcomes, picture
from worker.backends import Order, Pixels, Rendered
from worker.backends.local import LocalBackend
from worker.engine.samplers import SAMPLERS
from worker.engine.weights import generated_folder

HARD: Pixels = np.full((SIZE, SIZE), 255, np.uint8)
HARD[16:48, 8:40] = 0


def painted(pipeline: StableDiffusionInpaintPipeline, wanted: Order) -> Pixels:
    """What diffusers' inpainting makes of the order (white is repainted there, black here)."""
    asked = wanted.variant.parameters
    entry = SAMPLERS[asked.sampler]
    before = pipeline.scheduler
    pipeline.scheduler = getattr(schedulers, entry.scheduler).from_config(before.config, **entry.overrides)
    assert wanted.mask is not None
    try:
        image = pipeline(
            prompt=asked.prompt,
            negative_prompt="",
            image=torch.from_numpy(wanted.pixels.astype(np.float32) / 255).permute(2, 0, 1)[None],
            mask_image=torch.from_numpy(1 - wanted.mask.astype(np.float32) / 255)[None, None],
            height=SIZE,
            width=SIZE,
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


def checked(found: Rendered, expected: Pixels) -> None:
    """Within a level where it was repainted, the init image where it was not."""
    assert found.order.mask is not None
    repainted = found.order.mask == 0
    assert np.abs(found.pixels.astype(int) - expected.astype(int))[repainted].max() <= 1
    assert (found.pixels[~repainted] == found.order.pixels[~repainted]).all()
    assert (found.pixels != found.order.pixels).any()


@pytest.mark.parametrize("sampler", ["ddim", "euler_ancestral", "dpmpp_2m", "heun"])
def test_the_black_part_is_repainted_as_in_diffusers_and_the_rest_is_kept(
    sampler: str, local: LocalBackend, cache_dir: Path
) -> None:
    pipeline = StableDiffusionInpaintPipeline.from_pretrained(
        generated_folder("tiny", "1", cache_dir), feature_extractor=None, image_encoder=None
    )
    pipeline.set_progress_bar_config(disable=True)
    orders = [order(index, sampler=sampler, strength=strength, mask=HARD) for index, strength in enumerate((0.6, 1.0))]

    found = outcomes(local, [*orders, order(7)])

    for outcome in found:
        assert isinstance(outcome, Rendered), outcome
        if outcome.order.mask is not None:
            checked(outcome, painted(pipeline, outcome.order))


def test_an_inpainting_unet_sees_the_mask_and_the_blanked_picture(cache_dir: Path, tmp_path: Path) -> None:
    folder = tmp_path / "inpaint"
    pipeline = StableDiffusionInpaintPipeline.from_pretrained(
        generated_folder("tiny", "1", cache_dir), feature_extractor=None, image_encoder=None
    )
    pipeline.set_progress_bar_config(disable=True)
    torch.manual_seed(3)
    pipeline.unet = UNet2DConditionModel.from_config({**pipeline.unet.config, "in_channels": 9}).eval()
    pipeline.save_pretrained(folder)
    table = tmp_path / "models.toml"
    table.write_text('[models.inpaint]\nsource = "./inpaint"\nmultiple = 8\nrows = { default = 4 }\n')
    backend = LocalBackend(ModelTable.load(table), Settings(cache_dir=cache_dir, device="cpu", threads=1))
    orders = [order(index, model="inpaint", strength=strength, mask=HARD) for index, strength in enumerate((0.6, 1.0))]

    try:
        found = outcomes(backend, [*orders, order(7, model="inpaint")])
    finally:
        backend.close()

    assert len(found) == 3
    for outcome in found:
        assert isinstance(outcome, Rendered), outcome
        if outcome.order.mask is not None:
            checked(outcome, painted(pipeline, outcome.order))


def test_a_soft_edge_blends(local: LocalBackend) -> None:
    soft: Pixels = np.tile(np.linspace(0, 255, SIZE).astype(np.uint8), (SIZE, 1))
    init = picture()

    (found,) = outcomes(local, [order(0, strength=0.9, mask=soft, pixels=init)])

    assert isinstance(found, Rendered), found
    off = np.abs(found.pixels.astype(int) - init.astype(int)).mean(axis=(0, 2))
    assert off[:16].mean() > 4 * off[-16:].mean()
    assert off[-1] == 0
