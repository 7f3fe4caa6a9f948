"""Every field of the sweep in one table, so that reading, the JSON Schema and the documents can't disagree."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from jobs.variant import Scalar

MAX_TEXT = 10_000
MAX_AXES = 100
MAX_IMAGES = 100_000
MAX_CUSTOM_ID = 200
MAX_SAMPLES = 1000
MAX_POSITIONS = 1 << 32
"""Of one job: the ledger keeps a bit a position, and a Redis string ends at 2³² bits."""


@dataclass(frozen=True, slots=True)
class Field:
    """A field. low and high are inclusive; default None: it must be given, or (width, height) stays unset.

    by_model: where a job leaves it out, the model's own default stands, and `default` only where that has none.
    """

    kind: Literal["number", "integer", "text", "prompt", "sampler", "choice", "uri", "loras"]
    text: str
    low: float = 0
    high: float = 0
    default: Scalar | None = None
    choices: tuple[str, ...] = ()
    required: bool = False
    by_model: bool = False


FIELDS: Mapping[str, Field] = {
    "model": Field("text", "an alias of the model table", high=200, required=True),
    "prompt": Field("prompt", "what to paint; {name} is filled from an axis or a per-image variable", required=True),
    "negative_prompt": Field("text", "what to avoid; may hold {name}", high=MAX_TEXT, default=""),
    "style_preset": Field("text", "a style by name: a template around the prompt", high=64, default=""),
    "strength": Field("number", "the part of the schedule that is run: 0 keeps the image", 0, 1, 0.5, by_model=True),
    "cfg_scale": Field("number", "how closely to follow the prompt", 0, 50, 7.0, by_model=True),
    "sampler": Field("sampler", "by our, Stability's, k-diffusion's, A1111's or diffusers' name", default="dpmpp_2m",
                     by_model=True),
    "steps": Field("integer", "length of the whole schedule", 1, 1000, 30, by_model=True),
    "width": Field("integer", "pixels; by default the init image's own, fitted to the model", 64, 4096),
    "height": Field("integer", "pixels; by default the init image's own, fitted to the model", 64, 4096),
    "fit": Field("choice", "how an init image of another shape is fitted", default="cover",
                 choices=("cover", "contain", "stretch")),
    "step_schedule_end": Field("number", "the part of the schedule that is left out at its end", 0, 1, 0.0),
    "clip_skip": Field("integer", "last layers of the text encoder to pass over (A1111's number less one)", 0, 11, 0),
    "mask": Field("uri", "a picture of the init image's shape: black is repainted, white kept", default=""),
    "mask_feather": Field("number", "pixels over which the mask's edge is softened", 0, 256, 0.0),
    "loras": Field("loras", "LoRAs of the model table as `name:weight`, commas between; a list is an axis", default=""),
    "seed": Field("integer", "uint32", 0, 2**32 - 1),
}  # fmt: skip

BY_MODEL: frozenset[str] = frozenset(name for name, field in FIELDS.items() if field.by_model)
"""What a model may have a default of its own for."""

ALIASES: Mapping[str, str] = {"image_strength": "strength", "step_schedule_start": "strength"}
"""Other words for a field that are accepted; `image_strength` is 1 − strength."""

MISTAKEN: Mapping[str, str] = {
    "guidance_scale": "cfg_scale",
    "guidance": "cfg_scale",
    "cfg": "cfg_scale",
    "num_inference_steps": "steps",
    "denoising_strength": "strength",
    "denoise": "strength",
    "scheduler": "sampler",
    "sampler_name": "sampler",
    "style": "style_preset",
    "preset": "style_preset",
    "negative": "negative_prompt",
    "init_image": "images",
    "init_images": "images",
    "image": "images",
    "prompts": "prompt",
    "lora": "loras",
    "defaults": "model_defaults",
    "n": "samples",
    "num_images": "samples",
    "batch_size": "samples",
    "sweep": "matrix",
    "priority": "run.priority",
}
"""What other programs call it: not accepted, but the remedy says our word."""

NOT_YET: Mapping[str, str] = {}
"""Words of the language that this version can't act on, and what to do meanwhile."""

DOCUMENT = (
    "name",
    "labels",
    "images",
    *FIELDS,
    *ALIASES,
    "samples",
    "matrix",
    "style_presets",
    "model_defaults",
    "exclude",
    "include",
    "output",
    "run",
    "budget",
    "webhook",
    "extends",
    "reroll",
)
"""The keys of a document's short form."""
