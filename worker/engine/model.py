"""The neural networks of one model, stepped by the engine: the only place that speaks to diffusers' model classes.

Two families: Stable Diffusion 1.x and 2.x (`sd1`), and SDXL (`sdxl`), which adds a second text encoder, its pooled text
and the picture's size to what the UNet is told. Inpainting UNets (nine channels) and those that take the guidance
scale as an input (LCM) are told by their own configuration. Everything here is a pure function of its arguments: no
seeds, no schedules.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from diffusers import StableDiffusionImg2ImgPipeline
from numpy.typing import NDArray

from jobs.models import Model
from worker.backends import Pixels
from worker.engine.adapters import Adapters
from worker.engine.graphs import Graphs
from worker.engine.safety import Checker
from worker.engine.textkeys import Kept, TextAttention
from worker.engine.texts import Reader, Texts
from worker.engine.traces import Traces

_INPAINT_CHANNELS = 9  # 4 of latents, 1 of mask, 4 of the picture with the masked part blanked


@dataclass(frozen=True, slots=True, eq=False)
class Posterior:
    """What the autoencoder makes of a picture: mean and deviation, each (1, channels, height / f, width / f)."""

    mean: torch.Tensor
    deviation: torch.Tensor


class LoadedModel:
    """One model on one device. Called from the engine's thread only, under `torch.inference_mode`."""

    def __init__(
        self,
        model: Model,
        pipeline: Any,  # noqa: ANN401 — diffusers' own
        device: torch.device,
        *,
        graphs: bool = False,
        traced: bool = False,
    ) -> None:
        """Takes the parts of a loaded pipeline; the pipeline itself is kept for LoRAs alone.

        graphs: whether its steps are to be replayed as CUDA graphs. traced: whether they are recorded on the CPU.
        """
        self.checker: Checker | None = None
        self._traces = Traces() if traced else None
        self.model = model
        self.device = device
        self.scheduler_config: Mapping[str, object] = dict(pipeline.scheduler.config)
        self._vae = pipeline.vae
        self._unet = pipeline.unet
        self.dtype: torch.dtype = self._unet.dtype
        self.attention = TextAttention(self._unet)
        self._scaling: float = self._vae.config.scaling_factor
        self.factor: int = 2 ** (len(self._vae.config.block_out_channels) - 1)
        self.inpaints: bool = self._unet.config.in_channels == _INPAINT_CHANNELS
        self.takes_scale: bool = self._unet.config.time_cond_proj_dim is not None
        self.zeros_for_nothing = bool(pipeline.config.get("force_zeros_for_empty_prompt", False))
        parts = [("tokenizer", "text_encoder"), ("tokenizer_2", "text_encoder_2")]
        readers = [Reader(getattr(pipeline, a), getattr(pipeline, b)) for a, b in parts if hasattr(pipeline, b)]
        self.texts = Texts(readers, alias=model.alias, device=device, dtype=self.dtype)
        parts_loaded = (self._unet, self._vae, *(reader.encoder for reader in readers))
        self.adapters = adapters = Adapters(pipeline, model.alias)
        self.graphs = Graphs(lambda: adapters.forgotten) if graphs else None
        self.weight_bytes = sum(p.nbytes for part in parts_loaded for p in part.parameters())
        self._pooled_width = readers[-1].encoder.config.projection_dim if len(readers) > 1 else 0

    def looked_after(self, checker: Checker) -> None:
        """From now on `checker` looks at each picture before it goes out."""
        self.checker = checker
        self.weight_bytes += checker.weight_bytes

    @property
    def text_width(self) -> int:
        """The width of an encoded token."""
        width: int = self._unet.config.cross_attention_dim
        return width

    def latent_shape(self, width: int, height: int) -> tuple[int, int, int]:
        """(channels, height, width) of the latents of a picture of that size in pixels."""
        return self._vae.config.latent_channels, height // self.factor, width // self.factor

    def input_shape(self, width: int, height: int) -> tuple[int, int, int]:
        """(channels, height, width) of what the UNet sees: the latents and, where it inpaints, five more."""
        return self._unet.config.in_channels, height // self.factor, width // self.factor

    def added(self, rows: int, width: int, height: int) -> dict[str, torch.Tensor]:
        """What SDXL is told besides the text, for so many rows: pooled texts (zeros yet) and sizes; else nothing."""
        if not self._pooled_width:
            return {}
        sizes = torch.tensor([[height, width, 0, 0, height, width]], device=self.device, dtype=self.dtype)
        pooled = torch.zeros(rows, self._pooled_width, device=self.device, dtype=self.dtype)
        return {"text_embeds": pooled, "time_ids": sizes.repeat(rows, 1)}

    def scale_embedding(self, cfg_scales: torch.Tensor) -> torch.Tensor | None:
        """Guidance scales (rows,) as the UNet takes them in, (rows, width); None where it doesn't."""
        width = self._unet.config.time_cond_proj_dim
        if width is None:
            return None
        embed: Any = StableDiffusionImg2ImgPipeline.get_guidance_scale_embedding
        found: torch.Tensor = embed(None, cfg_scales - 1, embedding_dim=width)
        return found.to(self.device, self.dtype)

    def encode_image(self, pixels: Pixels) -> Posterior:
        """The posterior of a picture, uint8 RGB (height, width, 3); one at a time, so its bits know no neighbours."""
        return self.encode_levels(2.0 * (pixels.astype(np.float32) / 255.0) - 1.0)

    def encode_levels(self, levels: NDArray[np.float32]) -> Posterior:
        """The same for levels from -1 to 1, (height, width, 3)."""
        image = torch.from_numpy(levels).permute(2, 0, 1)[None].to(self.device, self._vae.dtype)
        found = self._vae.encode(image).latent_dist
        return Posterior(found.mean, found.std)

    def latents(self, posterior: Posterior, generator: torch.Generator | None) -> torch.Tensor:
        """Latents drawn from the posterior, or its mean where there is no generator."""
        drawn = posterior.mean
        if generator is not None:
            noise = torch.randn(drawn.shape, generator=generator, dtype=drawn.dtype).to(self.device)
            drawn = drawn + posterior.deviation * noise
        return drawn.to(self.dtype) * self._scaling

    def noise(self, shape: Sequence[int], generator: torch.Generator) -> torch.Tensor:
        """Normal noise. Drawn on the CPU, so that a seed means the same on every device."""
        return torch.randn(tuple(shape), generator=generator, dtype=self.dtype).to(self.device)

    def denoise(
        self,
        latents: torch.Tensor,
        times: torch.Tensor,
        texts: torch.Tensor,
        added: Mapping[str, torch.Tensor],
        scales: torch.Tensor | None,
        keys: Sequence[Kept] = (),
    ) -> torch.Tensor:
        """The UNet's prediction for each row.

        latents (rows, c, h, w), times (rows,), texts (rows, tokens, width); added, scales: as from the methods above;
        keys: of the texts, as `TextKeys` keeps them for a batch of fixed shape, whose call is worth a record.
        """
        names = tuple(added)
        act = partial(self._predicted, names, scales is not None)
        scale = () if scales is None else (scales,)
        operands = (latents, times, texts, *added.values(), *scale, *(each for pair in keys for each in pair))
        if self._traces is None or not keys or self.adapters.worn:
            return act(*operands)
        return self._traces.run(("step", names, len(scale)), act, operands)

    def _predicted(
        self,
        names: Sequence[str],
        scaled: bool,  # noqa: FBT001 — likewise
        latents: torch.Tensor,
        times: torch.Tensor,
        texts: torch.Tensor,
        *rest: torch.Tensor,
    ) -> torch.Tensor:
        """The UNet's call. rest: what is added by `names`, the scales where `scaled`, keys and values in turn."""
        added, keys = rest[: len(names)], rest[len(names) + scaled :]
        self.attention.current = tuple(zip(keys[::2], keys[1::2], strict=True))
        try:
            prediction: torch.Tensor = self._unet(
                latents,
                times,
                encoder_hidden_states=texts,
                timestep_cond=rest[len(names)] if scaled else None,
                added_cond_kwargs=dict(zip(names, added, strict=True)) or None,
                return_dict=False,
            )[0]
        finally:
            self.attention.current = ()
        return prediction

    def _painted(self, latents: torch.Tensor) -> torch.Tensor:
        def act(latents: torch.Tensor) -> torch.Tensor:
            images: torch.Tensor = self._vae.decode(latents, return_dict=False)[0]
            return images

        return act(latents) if self._traces is None else self._traces.run("decode", act, (latents,))

    def decode(self, latents: Sequence[torch.Tensor], rows: int) -> list[Pixels | None]:
        """The pictures of some rows' latents (1, c, h, w), uint8 RGB (height, width, 3); None where one isn't finite.

        A batch of `rows`, filled up: like a step's, a picture's bits depend on the batch's size and on nothing in it.
        """
        padding = [torch.zeros_like(latents[0])] * (rows - len(latents))
        batch = torch.cat([*latents, *padding]).to(self._vae.dtype)
        images = self._painted(batch / self._scaling)[: len(latents)]
        sound = (batch[: len(latents)].flatten(1).isfinite().all(1) & images.flatten(1).isfinite().all(1)).tolist()
        levels = ((images * 0.5 + 0.5).clamp(0, 1).float() * 255).round().to(torch.uint8).permute(0, 2, 3, 1)
        whole = levels.contiguous().cpu().numpy()
        return [picture.copy() if good else None for picture, good in zip(whole, sound, strict=True)]
