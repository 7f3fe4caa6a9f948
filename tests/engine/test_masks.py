"""A masked picture: repainted as diffusers' inpainting pipeline repaints it, and to the bit as it was elsewhere."""

from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers import StableDiffusionInpaintPipeline, UNet2DConditionModel, schedulers

from tests.engine.orders import SIZE, Over, order, outcomes, picture
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
    seed = {"noise_sampler_seed": asked.seed} if asked.sampler == "dpmpp_sde" else {}
    pipeline.scheduler = getattr(schedulers, entry.scheduler).from_config(before.config, **entry.overrides, **seed)
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


@pytest.fixture(scope="module")
def inpainting(cache_dir: Path) -> StableDiffusionInpaintPipeline:
    """Diffusers' inpainting over the small weights."""
    found = StableDiffusionInpaintPipeline.from_pretrained(
        generated_folder("tiny", "1", cache_dir), feature_extractor=None, image_encoder=None
    )
    found.set_progress_bar_config(disable=True)
    return found


@pytest.mark.parametrize("sampler", sorted(SAMPLERS))
def test_the_black_part_is_repainted_as_in_diffusers_and_the_rest_is_kept(
    sampler: str, local: LocalBackend, inpainting: StableDiffusionInpaintPipeline
) -> None:
    orders = [order(index, sampler=sampler, strength=strength, mask=HARD) for index, strength in enumerate((0.6, 1.0))]

    found = outcomes(local, [*orders, order(7)])

    for outcome in found:
        assert isinstance(outcome, Rendered), outcome
        if outcome.order.mask is not None:
            checked(outcome, painted(inpainting, outcome.order))


def test_an_inpainting_unet_sees_the_mask_and_the_blanked_picture(over: Over, cache_dir: Path, tmp_path: Path) -> None:
    folder = tmp_path / "inpaint"
    pipeline = StableDiffusionInpaintPipeline.from_pretrained(
        generated_folder("tiny", "1", cache_dir), feature_extractor=None, image_encoder=None
    )
    pipeline.set_progress_bar_config(disable=True)
    torch.manual_seed(3)
    pipeline.unet = UNet2DConditionModel.from_config({**pipeline.unet.config, "in_channels": 9}).eval()
    pipeline.save_pretrained(folder)
    backend = over('[models.inpaint]\nsource = "./inpaint"\nmultiple = 8\nrows = { default = 4 }\n', tmp_path)
    orders = [order(index, model="inpaint", strength=strength, mask=HARD) for index, strength in enumerate((0.6, 1.0))]

    found = outcomes(backend, [*orders, order(7, model="inpaint")])

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
