"""The safety checker that a model brings along looks at each picture before it goes out; one it minds is no result.

Diffusers would paint such a picture black and hand it out as if nothing had happened. Here its variant is refused as
`filtered`, which Stability's clients see as finish reason FILTER. One picture at a time and in float32, so that the
verdict depends on nothing but the picture.
"""

from collections.abc import Mapping
from typing import Any

import torch
from diffusers import DiffusionPipeline
from diffusers.pipelines.stable_diffusion.safety_checker import StableDiffusionSafetyChecker

from jobs.errors import Filtered
from jobs.models import Model
from worker.backends import Pixels, Refused, Rendered
from worker.engine import faults

# How CLIP was taught to see: the mean and deviation of its pictures, red, green and blue.
_MEAN = (0.48145466, 0.4578275, 0.40821073)
_DEVIATION = (0.26862954, 0.26130258, 0.27577711)


class Checker:
    """One model's, on its device. Called from the engine's thread only, under `torch.inference_mode`."""

    def __init__(self, network: Any, device: torch.device) -> None:  # noqa: ANN401 — diffusers' own
        """Takes the network as it was loaded."""
        self._network = network.to(device, torch.float32).requires_grad_(requires_grad=False).eval()
        self._device = device
        self._side: int = network.config.vision_config.image_size
        self.weight_bytes = sum(part.nbytes for part in network.parameters())

    def minds(self, pixels: Pixels) -> bool:
        """Whether it holds this picture, uint8 RGB (height, width, 3), back."""
        levels = torch.from_numpy(pixels).to(self._device).permute(2, 0, 1)[None].float() / 255
        height, width = levels.shape[2:]
        scale = self._side / min(height, width)
        size = (max(self._side, round(height * scale)), max(self._side, round(width * scale)))
        seen = torch.nn.functional.interpolate(levels, size, mode="bicubic", antialias=True).clamp(0, 1)
        top, left = (size[0] - self._side) // 2, (size[1] - self._side) // 2
        seen = seen[:, :, top : top + self._side, left : left + self._side]
        mean, deviation = (torch.tensor(v, device=self._device).reshape(1, 3, 1, 1) for v in (_MEAN, _DEVIATION))
        # It blackens what it minds, in the second argument: a pixel that nobody looks at.
        _, verdicts = self._network(clip_input=(seen - mean) / deviation, images=torch.zeros(1, 1))
        return bool(verdicts[0])


def judged(checker: Checker | None, made: Rendered) -> Rendered | Refused:
    """The picture, or its refusal where the checker minds it or can't look at it."""
    variant = made.order.variant
    try:
        if checker is None or not checker.minds(made.pixels):
            return made
    except Exception as error:  # noqa: BLE001 — a picture that nobody could look at is not handed out
        return Refused(variant, faults.named(error))
    said = f"the safety checker of {variant.parameters.model} held the picture back"
    return Refused(variant, Filtered(said, remedy="Change the prompt or the seed."))


def names_checker(index: Mapping[str, Any]) -> bool:
    """Whether a model's index (`model_index.json`) names a checker of the kind that is asked here."""
    _, kind = index.get("safety_checker") or (None, None)
    return bool(kind == StableDiffusionSafetyChecker.__name__)


def load_checker(model: Model, source: str, device: torch.device) -> Checker | None:
    """The checker that the model at `source` (a folder or a hub id) names; None where it names none, or is told not to.

    One that is named and can't be loaded is an error: a picture that nobody looked at is not handed out.
    """
    if not model.safety_checker or model.family == "sdxl":
        return None
    where = {} if model.generated or model.folder else {"revision": model.revision}
    if not names_checker(DiffusionPipeline.load_config(source, **where)):
        return None
    network = StableDiffusionSafetyChecker.from_pretrained(
        source, subfolder="safety_checker", use_safetensors=True, variant=model.variant or None, **where
    )
    return Checker(network, device)
