"""One element of a sweep, fully resolved: what the engine needs, what a record says, what a fingerprint hashes."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Literal

Fit = Literal["cover", "contain", "stretch"]
Scalar = str | int | float | bool


@dataclass(frozen=True, slots=True)
class InitImage:
    """An init image by URI.

    `name` is short, unique within the job and safe in a key (`[A-Za-z0-9._-]`); it also identifies the image in the
    seed derivation, so it doesn't change when images are added before it. custom_id: the caller's own word, or empty.
    size (bytes) and etag: what it was when it was listed, -1 and empty where it was not.
    """

    uri: str
    name: str
    custom_id: str = ""
    size: int = -1
    etag: str = ""


@dataclass(frozen=True, slots=True)
class WeightedPrompt:
    """A prompt text (resolved, no braces left) and its weight; a negative weight makes it a negative prompt."""

    text: str
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class WeightedLora:
    """A LoRA by its name in the model table, and its weight, -4..4 and not 0."""

    name: str
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Parameters:
    """Everything besides the init image that decides the pixels.

    strength: 0..1, the part of the schedule that is run (Stability's `schedule.start`; 1 − image strength).
    steps: 1..1000, the length of the whole schedule; `int(steps * strength)` of them are run, as in diffusers.
    cfg_scale: 0..50; at 1 or below the unconditional row is not computed.
    step_schedule_end: 0..1, the part of the schedule that is left out at its end; what is left is grainier.
    clip_skip: 0..11, the text encoder's last layers that are passed over (A1111's number less one).
    mask_feather: 0..256 pixels over which the edge of the variant's mask is softened.
    loras: sorted by name, each once.
    sampler: a canonical name of the sampler table.
    seed: uint32. width and height in pixels, None for the init image's own (fitted to the model).
    """

    model: str
    prompts: tuple[WeightedPrompt, ...]
    negative_prompt: str
    strength: float
    steps: int
    cfg_scale: float
    sampler: str
    seed: int
    width: int | None = None
    height: int | None = None
    fit: Fit = "cover"
    step_schedule_end: float = 0.0
    clip_skip: int = 0
    mask_feather: float = 0.0
    loras: tuple[WeightedLora, ...] = ()

    @property
    def prompt(self) -> str:
        """The positive prompt as one text, for records and pictures."""
        return " | ".join(p.text if p.weight == 1 else f"{p.text}:{p.weight:g}" for p in self.prompts)


@dataclass(frozen=True, slots=True)
class Variant:
    """Element `index` of a job's sweep. `coordinates` are the axis values that led here, by field or variable name.

    variables: those that the image itself sets. mask: the URI of a mask, empty where all is repainted.
    """

    index: int
    image: InitImage
    parameters: Parameters
    coordinates: Mapping[str, Scalar]
    sample: int = 0
    mask: str = ""
    variables: Mapping[str, Scalar] = field(default_factory=dict)


def fingerprint(
    parameters: Parameters,
    *,
    image_sha256: str,
    model_revision: str,
    engine: str,
    device_kind: str,
    rows: int,
) -> str:
    """The hash over everything that decides the pixels: equal fingerprints, equal bytes.

    `engine` is the engine's own version, `rows` the pinned row count (a row's bits depend on the batch size).
    Returns 32 hex digits.
    """
    decided = {
        "parameters": asdict(parameters),
        "image": image_sha256,
        "revision": model_revision,
        "engine": engine,
        "device": device_kind,
        "rows": rows,
    }
    text = json.dumps(decided, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def masked(fingerprint: str, mask_sha256: str) -> str:
    """The fingerprint of the same with a mask, told by the hash of the mask's bytes as fetched; 32 hex digits."""
    return hashlib.sha256(f"{fingerprint} {mask_sha256}".encode()).hexdigest()[:32]


def stepped_down(fingerprint: str, *, rows: int, decode_rows: int) -> str:
    """The fingerprint of the same where memory was too short for the pinned rows and these were used; 32 hex digits."""
    return hashlib.sha256(f"{fingerprint} rows {rows} decode {decode_rows}".encode()).hexdigest()[:32]
