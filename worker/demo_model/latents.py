"""Between the stages: every picture as latents and every caption as tokens, so that the UNet never waits for either."""

import random
from dataclasses import dataclass

import numpy as np
import torch
from diffusers import AutoencoderKL
from transformers import CLIPTokenizer

from worker.demo_model.album import PER_GROUP, Album, wishes
from worker.demo_model.grammar import caption
from worker.demo_model.networks import TOKENS
from worker.demo_model.pace import Setting

_CAPTIONS = 3  # ways to say the same, for each picture
Encoded = dict[str, torch.Tensor]  # what is kept on disk: "latents" as they come, each channel's "mean" and "deviation"


@dataclass(frozen=True, slots=True, eq=False)
class Lessons:
    """One row for each picture, groups together; all on the training device.

    latents: float16 (pictures, channels, 16, 16), each channel with mean 0 and deviation 1; tokens: int16
    (pictures, ways, 40); subjects: uint8 (pictures, 16, 16), the subject's share of each cell in 255ths; nothing: the
    tokens of the empty caption, (40,).
    """

    latents: torch.Tensor
    tokens: torch.Tensor
    subjects: torch.Tensor
    nothing: torch.Tensor


def lessons(
    vae: AutoencoderKL, tokenizer: CLIPTokenizer, album: Album, setting: Setting, known: Encoded | None
) -> tuple[Lessons, Encoded]:
    """Encode the album, unless that is `known`, and its captions."""
    encoded = known or _encoded(vae, album, setting)
    mean, deviation = (encoded[stat].half()[:, None, None] for stat in ("mean", "deviation"))
    found = Lessons(
        (encoded["latents"] - mean) / deviation,
        _tokens(tokenizer, len(album.pixels) // PER_GROUP).to(setting.device),
        torch.from_numpy(album.subjects).to(setting.device),
        _numbers(tokenizer, [""])[0].to(setting.device),
    )
    return found, encoded


@torch.no_grad()
def folded(vae: AutoencoderKL, mean: torch.Tensor, deviation: torch.Tensor) -> AutoencoderKL:
    """`vae`, whose 1×1 convolutions now see to latents of mean 0 and deviation 1 after its own scaling factor."""
    into, out, channels = vae.quant_conv, vae.post_quant_conv, len(mean)
    gain = 1 / (deviation * vae.config.scaling_factor)
    into.weight[:channels] *= gain[:, None, None, None]
    into.bias[:channels] = (into.bias[:channels] - mean) * gain
    into.bias[channels:] += 2 * torch.log(gain)  # the posterior's log variance
    out.bias += out.weight[:, :, 0, 0] @ mean
    out.weight *= (1 / gain)[None, :, None, None]
    return vae


@torch.no_grad()
def _encoded(vae: AutoencoderKL, album: Album, setting: Setting) -> Encoded:
    vae.to(setting.device).eval()
    found, size = [], setting.pictures
    for start in range(0, len(album.pixels), size):
        pictures = torch.from_numpy(np.array(album.pixels[start : start + size])).to(setting.device)
        with setting.precision(wide=True):
            mean = vae.encode(pictures.permute(0, 3, 1, 2).float() / 127.5 - 1).latent_dist.mean
        found.append(mean.half())
        if start // size % 100 == 99:
            setting.say(f"encoded {start + size} of {len(album.pixels)} pictures")
    latents = torch.cat(found)
    some = latents[:: max(1, len(latents) // 4000)].float()
    return {"latents": latents, "mean": some.mean((0, 2, 3)), "deviation": some.std((0, 2, 3))}


def _tokens(tokenizer: CLIPTokenizer, groups: int) -> torch.Tensor:
    texts = []
    for group in range(groups):
        dice = random.Random(f"captions {group}")  # noqa: S311 — words, not secrets
        texts += [caption(wish, dice) for wish in wishes(group) for _ in range(_CAPTIONS)]
    return _numbers(tokenizer, texts).reshape(groups * PER_GROUP, _CAPTIONS, TOKENS)


def _numbers(tokenizer: CLIPTokenizer, texts: list[str]) -> torch.Tensor:
    known: dict[str, int] = {}
    places = [known.setdefault(text, len(known)) for text in texts]
    numbers: torch.Tensor = tokenizer(
        list(known), padding="max_length", max_length=TOKENS, return_tensors="pt"
    ).input_ids
    return numbers.to(torch.int16)[places]
