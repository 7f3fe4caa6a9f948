"""What the engine's benches share: small models of the real architecture, mixed orders, and diffusers to compare with.

The models have random weights, because speed and bits don't depend on what was learnt. Costs are CPU seconds of this
process with one torch thread, and what is compared is measured in turn, so that other work on the machine cancels out.
"""

import random
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL, DDIMScheduler, StableDiffusionImg2ImgPipeline, UNet2DConditionModel, schedulers
from transformers import CLIPTextConfig, CLIPTextModel

from jobs.models import Model, ModelTable
from jobs.samplers import AVAILABLE
from jobs.settings import Settings
from jobs.variant import InitImage, Parameters, Variant, WeightedPrompt
from worker.backends import Order, Pixels, Rendered
from worker.backends.local import LocalBackend
from worker.engine.quiet import hush
from worker.engine.samplers import SAMPLERS
from worker.engine.weights import word_tokenizer

WORDS = ("boat", "boot", "sea", "storm", "oil", "crayon", "of", "a")
WIDTHS = {"bench-tiny": (32, 64), "bench-small": (64, 128, 128)}
"""UNet channels by level; both have the autoencoder's factor of 8 that SD 1.x has."""
ROWS = {"bench-tiny": 32, "bench-small": 16}
DECODE_ROWS = {"bench-tiny": 16, "bench-small": 8}
"""The smallest batches near the full rate, as `pentimento models tune` finds them on one thread; for `bench-tiny` it
finds 64 rows, 6% quicker than 32, which 64 variants are too few for."""


@dataclass(frozen=True, slots=True)
class Rig:
    """An engine and diffusers' pipeline over the same weights."""

    model: str
    size: int
    backend: LocalBackend
    pipeline: StableDiffusionImg2ImgPipeline

    def engine(self, orders: Sequence[Order]) -> dict[int, Pixels]:
        """The pictures by index, as the engine makes them."""
        return render(self.backend, orders)

    def naive(self, orders: Sequence[Order]) -> dict[int, Pixels]:
        """One pipeline call a picture."""
        return {order.variant.index: self.call([order])[0] for order in orders}

    def grouped(self, orders: Sequence[Order]) -> dict[int, Pixels]:
        """One pipeline call for all pictures whose parameters are equal (prompt, seed and image may differ)."""
        found: dict[int, Pixels] = {}
        for _, group in groupby(sorted(orders, key=group_of), group_of):
            members = list(group)
            found |= zip([order.variant.index for order in members], self.call(members), strict=True)
        return found

    def call(self, orders: Sequence[Order]) -> list[Pixels]:
        """One call of diffusers' pipeline for orders of equal parameters."""
        asked = orders[0].variant.parameters
        entry = SAMPLERS[asked.sampler]
        before = self.pipeline.scheduler
        seed = {"noise_sampler_seed": asked.seed} if asked.sampler == "dpmpp_sde" else {}
        self.pipeline.scheduler = getattr(schedulers, entry.scheduler).from_config(
            before.config, **entry.overrides, **seed
        )
        try:
            images = self.pipeline(
                prompt=[order.variant.parameters.prompt for order in orders],
                negative_prompt=[order.variant.parameters.negative_prompt for order in orders],
                image=np.stack([order.pixels for order in orders]).astype(np.float32) / 255.0,
                strength=asked.strength,
                num_inference_steps=asked.steps,
                guidance_scale=asked.cfg_scale,
                generator=[torch.Generator().manual_seed(order.variant.parameters.seed) for order in orders],
                output_type="np",
            ).images
        finally:
            self.pipeline.scheduler = before
        return [(image * 255).round().astype(np.uint8) for image in images]


def render(backend: LocalBackend, orders: Sequence[Order]) -> dict[int, Pixels]:
    """All pictures by index; fails on a refusal."""
    found: dict[int, Pixels] = {}
    for outcome in backend.render(iter(orders), stop=threading.Event(), on_step=lambda _: None):
        assert isinstance(outcome, Rendered), outcome
        found[outcome.order.variant.index] = outcome.pixels
    return found


@contextmanager
def rig(model: str, size: int) -> Iterator[Rig]:
    """The engine on one CPU thread, and the pipeline, over `model`'s weights for pictures of `size` × `size`."""
    hush()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory(prefix="pentimento-bench-") as folder:
        _pipeline(WIDTHS[model]).save_pretrained(Path(folder) / model)
        # Read back, as the engine reads it: only then are both told the same about the schedule.
        pipeline = StableDiffusionImg2ImgPipeline.from_pretrained(Path(folder) / model)
        pipeline.set_progress_bar_config(disable=True)
        backend = open_backend(Path(folder), model, ROWS[model])
        try:
            yield Rig(model, size, backend, pipeline)
        finally:
            backend.close()


def open_backend(folder: Path, model: str, rows: int) -> LocalBackend:
    """An engine of its own over weights in `folder`, with so many pinned rows."""
    entry = Model.model_validate({
        "alias": model, "source": f"./{model}", "multiple": 64, "width": 64, "height": 64,
        "rows": {"default": rows}, "decode_rows": {"default": DECODE_ROWS[model]},
    })  # fmt: skip
    table = ModelTable({model: entry}, model, folder / "models.toml")
    return LocalBackend(table, Settings(cache_dir=folder, device="cpu", threads=1))


def _pipeline(widths: tuple[int, ...]) -> StableDiffusionImg2ImgPipeline:
    tokenizer = word_tokenizer(WORDS, 77)
    last = len(widths) - 1
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(20221109)
        text = CLIPTextConfig(
            vocab_size=len(tokenizer), hidden_size=64, intermediate_size=128, num_hidden_layers=2,
            num_attention_heads=4, max_position_embeddings=77, projection_dim=64,
            bos_token_id=tokenizer.bos_token_id, eos_token_id=tokenizer.eos_token_id,
        )  # fmt: skip
        unet = UNet2DConditionModel(
            sample_size=8, in_channels=4, out_channels=4, layers_per_block=1, cross_attention_dim=64,
            down_block_types=(*["CrossAttnDownBlock2D"] * last, "DownBlock2D"),
            up_block_types=("UpBlock2D", *["CrossAttnUpBlock2D"] * last),
            block_out_channels=widths, attention_head_dim=2, norm_num_groups=8,
        )  # fmt: skip
        vae = AutoencoderKL(
            down_block_types=("DownEncoderBlock2D",) * 4, up_block_types=("UpDecoderBlock2D",) * 4,
            block_out_channels=(8, 16, 16, 16), layers_per_block=1, latent_channels=4, norm_num_groups=4,
        )  # fmt: skip
        scheduler = DDIMScheduler(
            beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", clip_sample=False,
            set_alpha_to_one=False, steps_offset=1,
        )  # fmt: skip
        return StableDiffusionImg2ImgPipeline(
            vae=vae.eval(), text_encoder=CLIPTextModel(text).eval(), tokenizer=tokenizer, unet=unet.eval(),
            scheduler=scheduler, safety_checker=None, feature_extractor=None, requires_safety_checker=False,
        )  # fmt: skip


def picture(size: int, seed: int = 0) -> Pixels:
    """Soft colours with some grain; uint8 RGB (size, size, 3)."""
    rng = np.random.default_rng(seed)
    low = np.kron(rng.integers(0, 256, (8, 8, 3)), np.ones((size // 8, size // 8, 1)))
    return np.clip(low + rng.normal(0, 8, (size, size, 3)), 0, 255).astype(np.uint8)


def one(rig_model: str, index: int, pixels: Pixels, parameters: Parameters) -> Order:
    """An order of these parameters."""
    variant = Variant(index, InitImage("file:///bench.png", "bench"), replace(parameters, model=rig_model), {})
    return Order(variant, pixels, f"{int(pixels.sum()):064x}", f"{index:032x}")


def parameters(seed: int, *, sampler: str = "dpmpp_2m", steps: int = 20, strength: float = 0.5,
               cfg_scale: float = 5.0, prompt: str = "oil of a boat") -> Parameters:  # fmt: skip
    """Parameters with few words; the model is filled in by `one`."""
    return Parameters("", (WeightedPrompt(prompt),), "", strength, steps, cfg_scale, sampler, seed)


def mixed(model: str, size: int, count: int, *, seed: int = 1) -> list[Order]:
    """Orders drawn from all samplers, four step counts, eight strengths and four cfg scales."""
    draw = random.Random(seed)
    pixels = picture(size)
    return [
        one(model, index, pixels, parameters(
            draw.randrange(1 << 32), sampler=draw.choice(sorted(AVAILABLE)), steps=draw.choice((15, 20, 25, 30)),
            strength=draw.choice((0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)), cfg_scale=draw.choice((1.0, 3.0, 5.0, 7.5)),
        ))
        for index in range(count)
    ]  # fmt: skip


def group_of(order: Order) -> tuple[object, ...]:
    """What has to be equal for one pipeline call."""
    asked = order.variant.parameters
    # A pipeline call has one scheduler, and this one's noise has a single seed.
    alone = asked.seed if asked.sampler == "dpmpp_sde" else 0
    return (asked.sampler, asked.steps, asked.strength, asked.cfg_scale, alone)


def compared(runs: int, *acts: Callable[[], object]) -> list[list[float]]:
    """CPU seconds of each act, `runs` times in turn, after one of each to warm up."""
    costs: list[list[float]] = [[] for _ in acts]
    for number in range(-1, runs):
        for act, cost in zip(acts, costs, strict=True):
            begun = time.process_time()
            act()
            if number >= 0:
                cost.append(time.process_time() - begun)
    return costs


def ratio(costs: Sequence[float], beside: Sequence[float]) -> float:
    """The median of `costs` ÷ `beside`, pair by pair."""
    return statistics.median(cost / other for cost, other in zip(costs, beside, strict=True))
