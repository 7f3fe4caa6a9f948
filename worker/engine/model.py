"""The neural networks of one model of the SD 1.x family, and the only place that speaks to diffusers' model classes.

`load` reads safetensors by diffusers' own `from_pretrained`; what it returns encodes texts and pictures, predicts noise
for a batch of rows, and decodes. Everything here is a pure function of its arguments: no seeds, no schedules.
"""

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers import StableDiffusionImg2ImgPipeline, UNet2DConditionModel

from jobs.errors import ModelUnavailable, TooLarge
from jobs.models import Model
from worker.backends import Pixels
from worker.engine.weights import generated_folder


@dataclass(frozen=True, slots=True, eq=False)
class Posterior:
    """What the autoencoder makes of a picture: mean and deviation, each (1, channels, height / f, width / f)."""

    mean: torch.Tensor
    deviation: torch.Tensor


class LoadedModel:
    """One model on one device. Called from the engine's thread only, under `torch.inference_mode`."""

    def __init__(self, model: Model, pipeline: StableDiffusionImg2ImgPipeline, device: torch.device) -> None:
        """Takes the parts of a loaded pipeline; the pipeline itself is not kept."""
        self.model = model
        self.device = device
        self.scheduler_config: Mapping[str, object] = dict(pipeline.scheduler.config)
        self._tokenizer = pipeline.tokenizer
        self._text_encoder = pipeline.text_encoder
        self._vae = pipeline.vae
        self._unet = pipeline.unet
        self.dtype: torch.dtype = self._unet.dtype
        self._scaling: float = self._vae.config.scaling_factor
        self._factor = 2 ** (len(self._vae.config.block_out_channels) - 1)
        self._attends_to_padding = not getattr(self._text_encoder.config, "use_attention_mask", False)

    @property
    def text_shape(self) -> tuple[int, int]:
        """(tokens, width) of an encoded text."""
        return self._tokenizer.model_max_length, self._unet.config.cross_attention_dim

    def latent_shape(self, width: int, height: int) -> tuple[int, int, int]:
        """(channels, height, width) of the latents of a picture of that size in pixels."""
        return self._unet.config.in_channels, height // self._factor, width // self._factor

    def encode_text(self, text: str) -> torch.Tensor:
        """The text as the UNet attends to it, shape (1, tokens, width).

        Raises:
            TooLarge: more tokens than the model reads; diffusers would drop the rest without a word.

        """
        limit = self._tokenizer.model_max_length
        tokens = self._tokenizer(text).input_ids
        if len(tokens) > limit:
            beyond = self._tokenizer.decode(tokens[limit - 1 : -1])[:80]
            message = f"prompt: {len(tokens) - 2} tokens; {self.model.alias} reads {limit - 2}, up to {beyond!r}"
            raise TooLarge(message, remedy=f"Shorten it by {len(tokens) - limit} tokens (a token is about a word).")
        inputs = self._tokenizer(text, padding="max_length", max_length=limit, return_tensors="pt")
        mask = None if self._attends_to_padding else inputs.attention_mask.to(self.device)
        encoded: torch.Tensor = self._text_encoder(inputs.input_ids.to(self.device), attention_mask=mask)[0]
        return encoded.to(self.dtype)

    def blend(self, texts: Sequence[tuple[torch.Tensor, float]]) -> torch.Tensor:
        """Encoded texts by weight, as their weighted mean; a single text is itself, whatever its weight."""
        if len(texts) == 1:
            return texts[0][0]
        whole = sum(weight for _, weight in texts)
        return torch.stack([encoded * (weight / whole) for encoded, weight in texts]).sum(0)

    def encode_image(self, pixels: Pixels) -> Posterior:
        """The posterior of a picture, uint8 RGB (height, width, 3); one at a time, so its bits know no neighbours."""
        image = torch.from_numpy(pixels.astype(np.float32) / 255.0).permute(2, 0, 1)[None]
        image = (2.0 * image - 1.0).to(self.device, self.dtype)
        found = self._vae.encode(image).latent_dist
        return Posterior(found.mean, found.std)

    def latents(self, posterior: Posterior, generator: torch.Generator | None) -> torch.Tensor:
        """Latents drawn from the posterior, or its mean where there is no generator."""
        if generator is None:
            return posterior.mean * self._scaling
        drawn = posterior.mean + posterior.deviation * self.noise(posterior.mean.shape, generator)
        return drawn * self._scaling

    def noise(self, shape: Sequence[int], generator: torch.Generator) -> torch.Tensor:
        """Normal noise. Drawn on the CPU, so that a seed means the same on every device."""
        return torch.randn(tuple(shape), generator=generator, dtype=self.dtype).to(self.device)

    def denoise(self, latents: torch.Tensor, times: torch.Tensor, texts: torch.Tensor) -> torch.Tensor:
        """The UNet's prediction for each row: latents (rows, c, h, w), times (rows,), texts (rows, tokens, width)."""
        prediction: torch.Tensor = self._unet(latents, times, encoder_hidden_states=texts, return_dict=False)[0]
        return prediction

    def decode(self, latents: torch.Tensor) -> Pixels | None:
        """The picture of one row's latents (1, c, h, w), uint8 RGB (height, width, 3); None where it isn't finite.

        One at a time: at the sizes that matter a decode fills the device alone, and a batch of one is a fixed batch.
        """
        image = self._vae.decode(latents / self._scaling, return_dict=False)[0]
        sound = latents.isfinite().all() & image.isfinite().all()
        levels = ((image[0] * 0.5 + 0.5).clamp(0, 1).float() * 255).round().to(torch.uint8).permute(1, 2, 0)
        pixels: Pixels = levels.contiguous().cpu().numpy()
        return pixels if bool(sound) else None


def load(model: Model, *, beside: Path, cache_dir: Path, device: torch.device, dtype: torch.dtype) -> LoadedModel:
    """Read a model's weights and put them on the device. Relative folders are relative to `beside`, the table's folder.

    Raises:
        ModelUnavailable: the weights are missing, corrupt, pickles, or too big for the device; the text says which.

    """
    if model.generated:
        source = str(generated_folder(model.generated, model.revision, cache_dir))
    elif model.folder:
        source = str(_existing(model, beside))
    else:
        source = model.source
    try:
        pipeline = _read(model, source, dtype).to(device)
    except Exception as error:  # whatever the four libraries below raise over a bad file, it is the same fault here
        message = f"model {model.alias}: {source} can't be loaded: {_cause(error)}"
        raise ModelUnavailable(message, remedy=_remedy(model)) from error
    for part in (pipeline.unet, pipeline.vae, pipeline.text_encoder):
        part.requires_grad_(requires_grad=False).eval()
    _remember_signatures(pipeline.unet)
    if device.type == "cuda":
        pipeline.unet.to(memory_format=torch.channels_last)
        pipeline.vae.to(memory_format=torch.channels_last)
    return LoadedModel(model, pipeline, device)


def _read(model: Model, source: str, dtype: torch.dtype) -> StableDiffusionImg2ImgPipeline:
    options: dict[str, Any] = {}
    if not model.generated and not model.folder:
        options["revision"] = model.revision
    return StableDiffusionImg2ImgPipeline.from_pretrained(
        source,
        variant=model.variant or None,
        dtype=dtype,
        use_safetensors=True,  # never a pickle: reading one runs it
        trust_remote_code=False,
        low_cpu_mem_usage=True,
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
        **options,
    )


def _remember_signatures(unet: UNet2DConditionModel) -> None:
    """Let `inspect.signature` find its answer: diffusers asks at every attention of every step (80 µs each)."""
    for processor in unet.attn_processors.values():
        call = type(processor).__call__
        setattr(call, "__signature__", inspect.signature(call))  # noqa: B010 — mypy knows no such attribute


def _existing(model: Model, beside: Path) -> Path:
    folder = beside / Path(model.folder).expanduser()
    if not (folder / "model_index.json").is_file():
        message = f"model {model.alias}: {folder} holds no model_index.json"
        raise ModelUnavailable(message, remedy="`source` must name a folder in diffusers' layout.")
    return folder


def _cause(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"


def _remedy(model: Model) -> str:
    if model.generated:
        return "Delete that folder; it is made again."
    if model.folder:
        return "The folder must hold safetensors in diffusers' layout; pickles (.bin, .ckpt) are never read."
    return "Check the network and the hub id, or download the model and name its folder as `source`."
