"""The finished model as a folder that `StableDiffusionImg2ImgPipeline.from_pretrained` reads: fp16 safetensors."""

import copy
import shutil
from pathlib import Path

import torch
from diffusers import AutoencoderKL, StableDiffusionImg2ImgPipeline, UNet2DConditionModel
from transformers import CLIPTextModel, CLIPTokenizer

from worker.demo_model.grammar import vocabulary
from worker.demo_model.networks import TOKENS, noise_scheduler
from worker.engine.weights import word_tokenizer

WEIGHTS = Path(__file__).with_name("weights")
_CARD = "README.md"


def tokenizer() -> CLIPTokenizer:
    """Every word of the grammar is one token."""
    return word_tokenizer(list(vocabulary()), TOKENS)


def save(folder: Path, vae: AutoencoderKL, unet: UNet2DConditionModel, text: CLIPTextModel) -> int:
    """Write the model in half precision; what the folder held before goes, the card stays. Returns its bytes."""
    beside = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(beside, ignore_errors=True)
    pipeline = StableDiffusionImg2ImgPipeline(
        vae=copy.deepcopy(vae).to("cpu", torch.float16),
        text_encoder=copy.deepcopy(text).to("cpu", torch.float16),
        tokenizer=tokenizer(),
        unet=copy.deepcopy(unet).to("cpu", torch.float16),
        scheduler=noise_scheduler(),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    pipeline.save_pretrained(beside, safe_serialization=True)
    if (folder / _CARD).exists():
        shutil.copy(folder / _CARD, beside / _CARD)
    shutil.rmtree(folder, ignore_errors=True)
    beside.rename(folder)
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
