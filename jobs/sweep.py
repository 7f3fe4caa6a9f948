"""The product of a spec, lazily: `len(sweep)` and `sweep[i]` by mixed radix, and never a list of it.

Positions run over images (slowest), then the axes in the order in which they were written, then included cells, then
samples (fastest). A position never changes; cells that are not rendered are holes in it. A million variants cost no
more memory than ten.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Any, cast

from jobs.loras import read_loras
from jobs.presets import Preset
from jobs.seeds import fixed_seed, hashed_seed, rerolled
from jobs.spec import JobSpec, named_images
from jobs.spec.fields import FIELDS
from jobs.spec.holes import Holes
from jobs.spec.model import AxisSpec, FieldValue, ImageSpec, PromptText, label
from jobs.spec.styles import preset_of
from jobs.template import Template, parse_template, spell
from jobs.variant import InitImage, Parameters, Scalar, Variant, WeightedPrompt


@dataclass(frozen=True, slots=True)
class Axis:
    """One axis for people: what moves along it and what each coordinate is called. `len(axis)` is its size."""

    key: str
    names: tuple[str, ...]
    _spec: AxisSpec

    def __len__(self) -> int:
        return self._spec.size

    def values(self, k: int) -> tuple[Scalar, ...]:
        """The values of `names` at coordinate k."""
        return tuple(label(column[k]) for column in self._spec.columns)

    def label(self, k: int) -> str:
        """Coordinate k in a few words: `0.35`, `ddim, 50`."""
        return ", ".join(spell(value) for value in self.values(k))

    @property
    def labels(self) -> Iterator[str]:
        """The labels of all coordinates, one after another."""
        return (self.label(k) for k in range(len(self)))


class Sweep:
    """The sweep of a spec. `images`: those that were listed for an open spec, each with its name; read as needed.

    bare, count: whether no image has settings of its own, and how many variants are rendered, where that is known
    without looking at all of them.
    A seed plan without a base counts as base 0, so that a plan can be shown before the base is drawn (`freeze`).
    """

    def __init__(
        self,
        spec: JobSpec,
        images: Sequence[ImageSpec] | None = None,
        *,
        bare: bool | None = None,
        count: int | None = None,
    ) -> None:
        if images is None and spec.open:
            raise ValueError("the images of this spec are not listed yet")
        self.spec = spec
        self.images = named_images(spec) if images is None else images
        bare = not any(image.settings for image in self.images) if bare is None else bare
        self.axes = tuple(Axis(axis.key, axis.names, axis) for axis in spec.axes)
        self.samples = spec.samples
        self._holes = Holes(spec, self.images, bare=bare)
        self._known_count = count
        self._latest: tuple[int, InitImage, Mapping[str, Scalar]] | None = None
        self._strides = tuple(
            (axis.names, axis.columns, stride, axis.size)
            for axis, stride in zip(spec.axes, self._holes.strides, strict=True)
        )
        self._standing = {model: spec.standing(model) for model in spec.model_defaults} if spec.left else {}
        self._cells = spec.cells
        self.span = self._cells * spec.samples
        self._moved = frozenset(name for axis in spec.axes for name in axis.names)

    def __len__(self) -> int:
        return len(self.images) * self.span

    @cached_property
    def count(self) -> int:
        """How many variants are rendered: positions without the holes."""
        return self._holes.count() * self.samples if self._known_count is None else self._known_count

    def variants_of(self, image: ImageSpec) -> int:
        """How many variants of one image are rendered."""
        return self._holes.rendered(image) * self.samples

    @cached_property
    def models(self) -> tuple[str, ...]:
        """Every model that a variant may ask for, each once, in the order of first mention."""
        return self.spec.models

    @cached_property
    def loras(self) -> tuple[str, ...]:
        """The name of every LoRA that a variant may ask for, likewise."""
        said = dict.fromkeys(str(value) for _, value in self.spec.said("loras"))
        return tuple(dict.fromkeys(lora.name for value in said for lora in _loras(value)))

    def is_hole(self, index: int) -> bool:
        """Whether position `index` is not rendered. IndexError outside 0 … len − 1."""
        image, rest = divmod(self._checked(index), self.span)
        return self._holes.is_hole(image, rest // self.samples)

    @property
    def strides(self) -> tuple[int, ...]:
        """How far apart two positions are whose coordinates differ by one on each of `axes`."""
        return tuple(stride * self.samples for stride in self._holes.strides)

    @property
    def included_from(self) -> int:
        """Where the included cells of an image begin, counted from its first position."""
        return self._holes.product * self.samples

    def hole_bits(self, start: int, stop: int) -> str:
        """A digit for each position `start <= p < stop` (within the sweep): `1` where it is not rendered.

        Many at once cost little: whole stretches are copied, and images of the same kind share them.
        """
        if self._holes.none or start >= stop:
            return "0" * (stop - start)
        parts = []
        for image in range(start // self.span, (stop - 1) // self.span + 1):
            first = image * self.span
            parts.append(
                self._holes.bits(image, max(start, first) - first, min(stop, first + self.span) - first, self.samples)
            )
        return "".join(parts)

    def __iter__(self) -> Iterator[Variant]:
        """The variants that are rendered, in order of position, one after another."""
        return (self[index] for index in range(len(self)) if not self.is_hole(index))

    def _checked(self, index: int) -> int:
        if not 0 <= index < len(self):
            raise IndexError(f"position {index} of a sweep of {len(self)}")
        return index

    def __getitem__(self, index: int) -> Variant:
        """The variant at a position, hole or not. IndexError outside 0 … len − 1 (negative ones, too)."""
        number, rest = divmod(self._checked(index), self.span)
        cell, sample = divmod(rest, self.samples)
        image = self.images[number]
        values = self._coordinates(cell)
        settings = image.settings
        for name, value in settings.items():
            if name in values:
                values[name] = value
        coordinates = {name: label(value) for name, value in values.items()}
        fields: dict[str, FieldValue] = {**self.spec.fixed, **values, **settings}
        if self._standing:
            fields = {**self._standing.get(str(fields["model"]), self.spec.fixed), **values, **settings}
        seed = self._seed(fields, image.name, coordinates, sample)
        if self.spec.reroll:
            seed = rerolled(seed, self._rerolls(fields, image.name))
        init, own = self._init(number, image)
        mask = str(fields.get("mask") or "")
        preset = preset_of(self.spec, style) if (style := fields.get("style_preset")) else None
        return Variant(index, init, _parameters(fields, seed, preset), coordinates, sample, mask, own)

    def _coordinates(self, cell: int) -> dict[str, FieldValue]:
        values: dict[str, FieldValue] = {}
        included = cell - self._holes.product
        for names, columns, stride, size in self._strides:
            k = 0 if included >= 0 else cell // stride % size
            for name, column in zip(names, columns, strict=True):
                values[name] = column[k]
        if included >= 0:
            values.update(self.spec.include[included])
        return values

    def _init(self, number: int, image: ImageSpec) -> tuple[InitImage, Mapping[str, Scalar]]:
        """What a variant says of its image; kept for the variants that follow, which have the same one."""
        kept = self._latest
        if kept is None or kept[0] != number:
            own = {name: label(value) for name, value in image.settings.items() if name not in FIELDS}
            init = InitImage(image.uri, image.name, image.custom_id, image.size, image.etag)
            kept = self._latest = (number, init, own)
        return kept[1:]

    def _rerolls(self, fields: Mapping[str, FieldValue], image: str) -> int:
        """How many patterns of `reroll` match a cell."""
        cell = {name: label(value) for name, value in fields.items()} | {"image": image}
        return sum(all(cell.get(name) == value for name, value in pattern.items()) for pattern in self.spec.reroll)

    def _seed(self, fields: Mapping[str, FieldValue], image: str, coordinates: dict[str, Scalar], sample: int) -> int:
        given = fields.get("seed")
        if given is not None:
            return fixed_seed(cast("int", given), sample)
        plan = self.spec.seed
        base = plan.base or 0
        if plan.policy == "fixed":
            return fixed_seed(base, sample)
        return hashed_seed(base, image, coordinates if plan.policy == "per_variant" else {}, sample)


def _parameters(fields: Mapping[str, Any], seed: int, preset: Preset | None) -> Parameters:
    prompts, negative = _filled(fields["prompt"], fields), _text(fields["negative_prompt"], fields)
    if preset is not None:
        prompts = tuple(replace(p, text=preset.around(p.text)) if p.weight > 0 else p for p in prompts)
        negative = preset.avoiding(negative)
    return Parameters(
        model=fields["model"],
        prompts=prompts,
        negative_prompt=negative,
        strength=fields["strength"],
        steps=fields["steps"],
        cfg_scale=fields["cfg_scale"],
        sampler=fields["sampler"],
        seed=seed,
        width=fields.get("width"),
        height=fields.get("height"),
        fit=fields["fit"],
        step_schedule_end=fields["step_schedule_end"],
        clip_skip=fields["clip_skip"],
        mask_feather=fields["mask_feather"],
        loras=_loras(fields["loras"]),
    )


_loras = lru_cache(maxsize=1024)(read_loras)
# A sweep has few templates and many variants; the bound keeps an axis of a million prompts from being kept.
_template = lru_cache(maxsize=1024)(parse_template)


def _filled(prompt: PromptText, fields: Mapping[str, Any]) -> tuple[WeightedPrompt, ...]:
    if all("{" not in part.text and "}" not in part.text for part in prompt):
        return prompt
    return tuple(WeightedPrompt(_text(part.text, fields), part.weight) for part in prompt)


def _text(text: str, fields: Mapping[str, Any]) -> str:
    if "{" not in text and "}" not in text:
        return text
    template: Template = _template(text)
    return template.fill({name: spell(label(fields[name])) for name in template.names})
