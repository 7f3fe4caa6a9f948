"""The engine on a GPU with full-size networks; random weights, as neither speed nor bits depend on what was learnt."""

import random
import statistics
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from diffusers import (
    AutoencoderKL,
    DDIMScheduler,
    StableDiffusionImg2ImgPipeline,
    StableDiffusionXLImg2ImgPipeline,
    UNet2DConditionModel,
)
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

from api.cli.bench import Figure
from jobs.models import Model
from jobs.settings import Settings
from tests.bench._engine import WORDS, Rig, mixed, one, parameters, picture
from worker.backends import Order, Pixels, Rendered
from worker.backends.call import Call
from worker.engine.device import Device
from worker.engine.engine import Engine
from worker.engine.launch import Launcher
from worker.engine.loading import prepared
from worker.engine.quiet import hush
from worker.engine.weights import word_tokenizer

NAME = "gpu"
SUMMARY = "SDXL and SD 1.5, full size in bf16: engine ÷ plain diffusers, share of the peak, mixed ÷ uniform, bytes."
RUNS = 3
COUNT = 24
PEAKS = {"H200": 989e12, "H100": 989e12, "A100": 312e12, "L40S": 362e12, "4090": 165e12}
"""Dense bf16 FLOP a second, as the maker says."""


@dataclass(frozen=True, slots=True)
class Case:
    """A family at its own size. rows: pinned. flop: of one row's UNet call. goals: ÷ diffusers, share of the peak."""

    family: str
    size: int
    rows: int
    flop: float
    goals: tuple[float, float]


CASES = (Case("sdxl", 1024, 4, 6.761e12, (1.8, 0.5)), Case("sd1", 512, 16, 0.803e12, (3.5, 0.4)))


def run(progress: Callable[[str], None]) -> list[Figure]:
    """Each family RUNS times, by wall time: a GPU has no CPU seconds."""
    if not torch.cuda.is_available():
        progress("There is no CUDA device here: nothing is measured.")
        return []
    hush()
    return [figure for case in CASES for figure in _measured(case, progress)]


def _measured(case: Case, progress: Callable[[str], None]) -> Iterator[Figure]:
    what = f"{case.family} {case.size}²"
    with _opened(case) as (pipeline, engine, launcher):
        plain = Rig(case.family, case.size, None, pipeline)  # type: ignore[arg-type]  # only its pipeline is called
        pixels = picture(case.size)
        uniform = [
            one(case.family, n, pixels, parameters(n, steps=30, strength=0.6, cfg_scale=6.0)) for n in range(COUNT)
        ]
        unlike = mixed(case.family, case.size, 2 * COUNT)
        _render(engine, launcher, uniform[: case.rows])
        plain.naive(uniform[:1])
        costs, naives, mixes, steps = [], [], [], _row_steps(launcher, uniform)
        for number in range(RUNS):
            costs.append(_timed(lambda: _render(engine, launcher, uniform)))
            naives.append(_timed(lambda: plain.naive(uniform[:4])) * COUNT / 4)
            mixes.append(_timed(lambda: _render(engine, launcher, unlike)) * steps / _row_steps(launcher, unlike))
            progress(f"{what}, run {number + 1} of {RUNS}: {COUNT / costs[-1]:.2f} images/s")
        first = _render(engine, launcher, unlike)
        again = _render(engine, launcher, random.Random(5).sample(unlike, len(unlike)))
    cost, over = statistics.median(costs), statistics.median(naives) / statistics.median(costs)
    yield Figure(f"{what}: engine", COUNT / cost, "images/s")
    yield Figure(f"{what}: engine ÷ diffusers", over, "×", f"≥ {case.goals[0]}", over >= case.goals[0])
    peak = next((flops for name, flops in PEAKS.items() if name in torch.cuda.get_device_name()), None)
    if peak is not None:
        share = steps * case.flop / cost / peak
        yield Figure(f"{what}: share of the bf16 peak", share, "", f"≥ {case.goals[1]}", share >= case.goals[1])
    level = cost / statistics.median(mixes)
    yield Figure(f"{what}: mixed ÷ uniform, rows a second", level, "×", "≥ 0.97", level >= 0.97)
    equal = sum((first[n] == again[n]).all() for n in first) / len(first)
    yield Figure(f"{what}: equal pictures, shuffled", 100 * equal, "%", "100 %", equal == 1)


def _timed(act: Callable[[], object]) -> float:
    torch.cuda.synchronize()
    begun = time.perf_counter()
    act()
    torch.cuda.synchronize()
    return time.perf_counter() - begun


def _row_steps(launcher: Launcher, orders: Sequence[Order]) -> int:
    """UNet rows that orders need in all."""
    asked = [order.variant.parameters for order in orders]
    return sum(launcher.templates.evaluations(each) * launcher.cost(each) for each in asked)


def _render(engine: Engine, launcher: Launcher, orders: Sequence[Order]) -> dict[int, Pixels]:
    call = Call(lambda _: None, room=64)
    found: dict[int, Pixels] = {}
    outcomes = call.outcomes(iter(orders), lambda order: engine.submit(launcher, order, call), stop=threading.Event())
    for outcome in outcomes:
        assert isinstance(outcome, Rendered), outcome
        found[outcome.order.variant.index] = outcome.pixels
    return found


@contextmanager
def _opened(case: Case) -> Iterator[tuple[Any, Engine, Launcher]]:
    """Diffusers' pipeline, and an engine over a copy of it: fusing and memory formats change what they are given."""
    said = {"alias": case.family, "source": "./none", "family": case.family, "rows": {"default": case.rows}}
    model = Model.model_validate(said)
    device = Device.open(Settings(device="cuda", dtype="bfloat16"))
    pipelines = []
    for _ in range(2):
        torch.manual_seed(1)
        with torch.device("cuda"):
            pipelines.append(_pipeline(case.family).to("cuda", torch.bfloat16))
    plain, ours = pipelines
    plain.set_progress_bar_config(disable=True)
    launcher = prepared(model, ours, device, fuse=True)
    engine = Engine(device.torch_device)
    try:
        yield plain, engine, Launcher(launcher)  # type: ignore[arg-type]
    finally:
        engine.close()
        del plain, ours, pipelines, launcher
        torch.cuda.empty_cache()


def _text(tokenizer: Any, width: int, layers: int) -> CLIPTextConfig:
    return CLIPTextConfig(
        vocab_size=len(tokenizer), hidden_size=width, intermediate_size=4 * width, num_hidden_layers=layers,
        num_attention_heads=width // 64, max_position_embeddings=77, projection_dim=width,
        bos_token_id=tokenizer.bos_token_id, eos_token_id=tokenizer.eos_token_id,
    )  # fmt: skip


def _pipeline(family: str) -> Any:
    tokenizer = word_tokenizer(WORDS, 77)
    scheduler = DDIMScheduler(
        beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", clip_sample=False, set_alpha_to_one=False,
        steps_offset=1,
    )  # fmt: skip
    vae = AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * 4, up_block_types=("UpDecoderBlock2D",) * 4,
        block_out_channels=(128, 256, 512, 512), layers_per_block=2, latent_channels=4,
        scaling_factor=0.13025 if family == "sdxl" else 0.18215, force_upcast=False,
    )  # fmt: skip
    if family == "sdxl":
        unet = UNet2DConditionModel(
            sample_size=128, block_out_channels=(320, 640, 1280), cross_attention_dim=2048,
            down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
            up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
            transformer_layers_per_block=(1, 2, 10), attention_head_dim=(5, 10, 20), use_linear_projection=True,
            addition_embed_type="text_time", addition_time_embed_dim=256, projection_class_embeddings_input_dim=2816,
        )  # fmt: skip
        return StableDiffusionXLImg2ImgPipeline(
            vae=vae, unet=unet, scheduler=scheduler, tokenizer=tokenizer, tokenizer_2=tokenizer,
            text_encoder=CLIPTextModel(_text(tokenizer, 768, 12)),
            text_encoder_2=CLIPTextModelWithProjection(_text(tokenizer, 1280, 32)), add_watermarker=False,
        )  # fmt: skip
    unet = UNet2DConditionModel(
        sample_size=64, block_out_channels=(320, 640, 1280, 1280), cross_attention_dim=768, attention_head_dim=8,
    )  # fmt: skip
    return StableDiffusionImg2ImgPipeline(
        vae=vae, unet=unet, scheduler=scheduler, tokenizer=tokenizer,
        text_encoder=CLIPTextModel(_text(tokenizer, 768, 12)), safety_checker=None, feature_extractor=None,
        requires_safety_checker=False,
    )  # fmt: skip
