"""The job spec in its one normal form: what parsing makes of whatever a caller wrote.

Aliases are resolved, defaults filled in, every axis one shape. Only `parse_spec` makes these, so whoever holds one
holds a spec without problems. Frozen dataclasses, because the reader has checked every value already.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from jobs.presets import Preset
from jobs.spec.problems import Path
from jobs.state import Lane
from jobs.variant import Scalar, WeightedPrompt

PromptText = tuple[WeightedPrompt, ...]
"""A prompt before it is filled: its texts are templates."""

FieldValue = Scalar | PromptText

DEFAULT_NAME = "{image}/{index}"
"""What pictures are called unless the document says otherwise."""

Format = Literal["png", "webp", "jpeg"]
"""What pictures are stored as."""

SeedPolicy = Literal["per_variant", "per_image", "fixed"]


@dataclass(frozen=True, slots=True)
class ImageSpec:
    """One line of `images` as written: an image, or many that are listed when the job is planned.

    kind: what `uri` is. name: empty where the caller gave none; see `jobs.spec.images`.
    sidecar: for a pattern, the field or variable that the text beside each image fills (`boat.txt` for `boat.png`).
    size, etag: of the object when it was listed, -1 and empty where it was not; an object that changed is refused.

    settings: fields and variables for this image alone (the document's `set`); they win over axes.
    custom_id: the caller's own word for it, which its results repeat.
    """

    uri: str
    name: str = ""
    settings: Mapping[str, FieldValue] = field(default_factory=dict)
    custom_id: str = ""
    kind: Literal["image", "pattern", "table"] = "image"
    sidecar: str = ""
    size: int = -1
    etag: str = ""


@dataclass(frozen=True, slots=True)
class AxisSpec:
    """One axis: `names` move together; `columns[n][k]` is the value of `names[n]` at coordinate k.

    key: the field or the matrix variable under which it was written. in_matrix: whether it was written there.
    """

    key: str
    names: tuple[str, ...]
    columns: tuple[Sequence[FieldValue], ...]
    in_matrix: bool = False

    @property
    def size(self) -> int:
        """How many coordinates it has."""
        return len(self.columns[0])


@dataclass(frozen=True, slots=True)
class SeedPlan:
    """Where seeds come from. base: uint32, None until one is drawn (`freeze`)."""

    policy: SeedPolicy = "per_variant"
    base: int | None = None


@dataclass(frozen=True, slots=True)
class OutputSpec:
    """Where results go and what they are called. uri: empty for the deployment's own place."""

    uri: str = ""
    name: str = DEFAULT_NAME
    format: Format = "png"
    sheet: bool = True


@dataclass(frozen=True, slots=True)
class Budget:
    """What a job may use: stored pictures, seconds of the device; None for no bound."""

    images: int | None = None
    gpu_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class RunSpec:
    """How the job is run. max_failures: refusals after which it stops, a count or a share such as "1%".

    budget: what it may use before it pauses. webhook: where its end is told, empty for nowhere.
    extends: the job whose pictures are linked where they are the same, empty for none.
    confirm_above: variants above which the job waits, once it is planned, until somebody resumes it; None for never.
    """

    priority: Lane = Lane.NORMAL
    max_failures: int | str | None = None
    backend: str = ""
    budget: Budget = Budget()
    webhook: str = ""
    extends: str = ""
    confirm_above: int | None = None

    def failures_allowed(self, count: int) -> int | None:
        """The refusals that a job of `count` variants bears; one more stops it. None for any number."""
        if isinstance(self.max_failures, str):
            whole, _, part = self.max_failures.rstrip("%").partition(".")
            scale: int = 10 ** len(part)
            return count * int(whole + part) // (100 * scale)
        return self.max_failures


@dataclass(frozen=True, slots=True)
class JobSpec:
    """A whole job.

    fixed: every field that no axis moves, by canonical name (width and height only where given).
    axes: fields in the order in which they were written, then the matrix. samples: 1..1000 per cell.
    exclude, include: cells taken out of the product and put in after it. reroll: cells that get other seeds, once more
    for each pattern that matches. presets: style presets that it brings along, by name; each that it names once frozen.

    left: fields that nobody says, which are the model's to say; `fixed` has the language's defaults for them.
    model_defaults: what stands for them, by model as the job names it. Once frozen, `left` are those that the models of
    the job have different defaults for, and each model is there.
    """

    images: tuple[ImageSpec, ...]
    fixed: Mapping[str, FieldValue]
    axes: tuple[AxisSpec, ...] = ()
    seed: SeedPlan = SeedPlan()
    samples: int = 1
    exclude: tuple[Mapping[str, Scalar], ...] = ()
    include: tuple[Mapping[str, FieldValue], ...] = ()
    reroll: tuple[Mapping[str, Scalar], ...] = ()
    output: OutputSpec = OutputSpec()
    run: RunSpec = RunSpec()
    name: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    presets: Mapping[str, Preset] = field(default_factory=dict)
    left: frozenset[str] = frozenset()
    model_defaults: Mapping[str, Mapping[str, FieldValue]] = field(default_factory=dict)

    def standing(self, model: FieldValue) -> Mapping[str, FieldValue]:
        """`fixed` as it stands for the variants of one model."""
        own = self.model_defaults.get(str(model), {})
        return {**self.fixed, **{name: own[name] for name in self.left & own.keys()}}

    def said(self, name: str) -> Iterator[tuple[Path, FieldValue]]:
        """Every value that the spec gives a field, with its place in the document."""
        if name in self.fixed:
            yield (name,), self.fixed[name]
        for axis in self.axes:
            if name in axis.names:
                path: Path = ("matrix", axis.key) if axis.in_matrix else (axis.key,)
                column = axis.columns[axis.names.index(name)]
                yield from (((*path, k), value) for k, value in enumerate(column))
        for k, cell in enumerate(self.include):
            if name in cell:
                yield ("include", k, name), cell[name]
        for k, image in enumerate(self.images):
            if name in image.settings:
                yield ("images", k, "set", name), image.settings[name]

    @property
    def models(self) -> tuple[str, ...]:
        """Every model that a variant may ask for, as it is named, each once, in the order of first mention."""
        return tuple(dict.fromkeys(str(model) for _, model in self.said("model")))

    @property
    def open(self) -> bool:
        """Whether some images are known only once they are listed; such a sweep has no length yet."""
        return any(image.kind != "image" for image in self.images)

    @property
    def cells(self) -> int:
        """Raw cells per image: the product of the axes, then the included ones."""
        product = 1
        for axis in self.axes:
            product *= axis.size
        return product + len(self.include)


def label(value: FieldValue) -> Scalar:
    """A value as a coordinate: itself, or a prompt as one line of text (before it is filled)."""
    if isinstance(value, tuple):
        return " | ".join(p.text if p.weight == 1 else f"{p.text}:{p.weight:g}" for p in value)
    return value
