"""What a sweep would come to, told before anybody is asked to make it: counts, time, storage, and what looks wrong.

Counts are exact. Time and storage are estimates from a sample of the variants, spread evenly over the sweep: time from
what was measured on this farm, storage from the bytes that a PNG of a photograph takes.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from jobs.errors import TooLarge
from jobs.models import ModelTable
from jobs.presets import load_presets, remedy_for
from jobs.sizes import target_size
from jobs.spec.model import AxisSpec, FieldValue, ImageSpec, JobSpec
from jobs.spec.numbers import Span
from jobs.spec.styles import unknown
from jobs.spec.suited import LeftOut
from jobs.sweep import Sweep
from jobs.variant import Variant

Size = tuple[int, int]
SizeOf = Callable[[str], Size | None]
SpeedsOf = Callable[[str], Mapping[Size, float]]

SAMPLE = 200
LOOKED_AT = 100_000
"""A sweep may be nearly all holes: whoever shows the first variants gives up looking after so many positions."""
PNG_BYTES_A_PIXEL = 1.7
TOKENS = 77
_WORD = re.compile(r"[^\W\d_]+|\d|[^\w\s]|_")


@dataclass(frozen=True, slots=True)
class AxisPlan:
    """One axis: what moves along it, how many values, the first of them."""

    key: str
    names: tuple[str, ...]
    size: int
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """A job before it is one. None stands for what is not known yet.

    count: variants to make. excluded: positions of the product that are left out. open: images are listed only when the
    job is planned, so there is no count. gpu_seconds: of one device; finish_seconds: with the workers that are there.
    linked: variants that the job which this one extends has made already; time and storage are those of the others.
    duplicates: variants that differ from an earlier one by their seeds only. left_out: what is left to the models.
    """

    count: int | None
    linked: int | None
    duplicates: int | None
    excluded: int | None
    images: int | None
    open: bool
    axes: tuple[AxisPlan, ...]
    samples: int
    variants_of_an_image: int
    models: tuple[str, ...]
    left_out: tuple[LeftOut, ...]
    storage_bytes: int | None
    gpu_seconds: float | None
    finish_seconds: float | None
    measured: str
    warnings: tuple[str, ...]
    variants: tuple[Variant, ...]


def make_plan(  # noqa: PLR0913 - what a farm knows, and what this machine does
    spec: JobSpec,
    *,
    table: ModelTable | None,
    show: int,
    size_of: SizeOf = lambda _: None,
    speeds_of: SpeedsOf | None = None,
    workers: int = 0,
    linked: int | None = None,
    left: tuple[LeftOut, ...] = (),
) -> Plan:
    """Plan a spec. table: the farm's models, None where there is none to ask. size_of: an image's size by URI.

    linked: how many of its variants are made already, where that is known. left: what it left to its models.

    Raises:
        UnknownModel: one is not in the table.

    """
    sweep = Sweep(spec, () if spec.open else None)
    sample = _spread(sweep, SAMPLE)
    count = None if spec.open else sweep.count
    new = 1 - (linked or 0) / count if count else 1.0
    gpu, measured = _gpu_seconds(sweep, sample, table, size_of, speeds_of)
    gpu, size = (None if found is None else found * new for found in (gpu, _storage(sweep, sample, table, size_of)))
    repeated = _repeated(sweep)
    return Plan(
        count=count,
        linked=linked,
        duplicates=None if spec.open else sum(map(sweep.variants_of, repeated)),
        excluded=None if spec.open else len(sweep) - sweep.count,
        images=None if spec.open else len(sweep.images),
        open=spec.open,
        axes=tuple(AxisPlan(a.key, a.names, len(a), tuple(islice(a.labels, 6))) for a in sweep.axes),
        samples=sweep.samples,
        variants_of_an_image=sweep.span,
        models=sweep.models,
        left_out=left,
        storage_bytes=None if size is None else round(size),
        gpu_seconds=gpu,
        finish_seconds=gpu / workers if gpu is not None and workers else None,
        measured=measured,
        warnings=tuple(_warnings(sweep, sample, table, size_of, twice=len(repeated))),
        variants=tuple(first(sweep, show)),
    )


def first(sweep: Sweep, count: int) -> list[Variant]:
    """The first variants that are rendered."""
    positions = (index for index in range(min(len(sweep), LOOKED_AT)) if not sweep.is_hole(index))
    return [sweep[index] for index in islice(positions, count)]


def _spread(sweep: Sweep, count: int) -> list[Variant]:
    """Variants evenly over the whole sweep."""
    total = len(sweep)
    positions = range(total) if total <= count else [k * total // count for k in range(count)]
    return [sweep[index] for index in positions if not sweep.is_hole(index)]


def _sized(variant: Variant, table: ModelTable | None, size_of: SizeOf) -> Size | None:
    """The size at which a variant is rendered, as far as it is known."""
    wanted = variant.parameters
    original = size_of(variant.image.uri)
    if original is None:
        return (wanted.width, wanted.height) if wanted.width and wanted.height else None
    multiple, most = (8, 1 << 62)
    if table is not None:
        model = table.resolve(wanted.model)
        multiple, most = model.multiple, model.max_pixels
    try:
        return target_size(original, width=wanted.width, height=wanted.height, multiple=multiple, max_pixels=most)
    except TooLarge:
        return None


def _storage(sweep: Sweep, sample: Sequence[Variant], table: ModelTable | None, size_of: SizeOf) -> int | None:
    sizes = [_sized(variant, table, size_of) for variant in sample]
    known = [size[0] * size[1] for size in sizes if size is not None]
    return round(sum(known) / len(known) * PNG_BYTES_A_PIXEL * sweep.count) if known else None


def _gpu_seconds(
    sweep: Sweep, sample: Sequence[Variant], table: ModelTable | None, size_of: SizeOf, speeds_of: SpeedsOf | None
) -> tuple[float | None, str]:
    """Device seconds for the whole sweep, and what they stand on."""
    if speeds_of is None or table is None:
        return None, "no farm was asked"
    if not sample:
        return None, "the images are not listed yet" if sweep.spec.open else "nearly everything is excluded"
    names = {variant.parameters.model for variant in sample}
    measured = {name: speeds_of(name) or speeds_of(table.resolve(name).alias) for name in names}
    missing = sorted(name for name, speeds in measured.items() if not speeds)
    if missing:
        return None, f"nothing was measured yet for {', '.join(missing)}"
    seconds, scaled = 0.0, False
    for variant in sample:
        speeds = measured[variant.parameters.model]
        size = _sized(variant, table, size_of)
        pace, exact = _pace(speeds, size)
        scaled = scaled or not exact
        seconds += pace * int(variant.parameters.steps * variant.parameters.strength)
    basis = "from other sizes than these" if scaled else "at these sizes"
    return seconds / len(sample) * sweep.count, f"as measured on this farm {basis}"


def _pace(speeds: Mapping[Size, float], size: Size | None) -> tuple[float, bool]:
    """Seconds a step, by pixels from the measured size that is nearest where this one was not."""
    if size is not None and size in speeds:
        return speeds[size], True
    pixels = size[0] * size[1] if size else None
    near = min(speeds, key=lambda known: abs(known[0] * known[1] - (pixels or 0)))
    return speeds[near] * ((pixels or near[0] * near[1]) / (near[0] * near[1])), False


# What looks wrong.


def _warnings(
    sweep: Sweep, sample: Sequence[Variant], table: ModelTable | None, size_of: SizeOf, *, twice: int
) -> Iterator[str]:
    strength, steps = _least_work(sweep.spec)
    if int(strength * steps) < 1:
        yield f"strength {strength:g} × steps {steps:g} is below one step: such pictures come out as they went in"
    longest = max(sample, key=lambda v: least_tokens(v.parameters.prompt), default=None)
    if longest is not None and least_tokens(longest.parameters.prompt) > TOKENS:
        said = least_tokens(longest.parameters.prompt)
        yield f"the prompt of variant {longest.index} has at least {said} tokens; models read the first {TOKENS}"
    if twice:
        yield f"{twice} of the images stand twice with the same settings: their pictures differ by their seeds only"
    for name in unknown(sweep.spec):
        near = remedy_for(name, load_presets(None))
        hint = f" {near}" if near.startswith("Did") else ""
        yield f"the style preset {name!r} is none that ships; a farm may have it, and refuses the job if not.{hint}"
    changes = dict.fromkeys(change for v in sample if (change := _change(v, table, size_of)))
    yield from islice(changes, 5)
    if len(changes) > 5:
        yield f"{len(changes) - 5} more changes of size among {len(sample)} variants that were looked at"


def _repeated(sweep: Sweep) -> list[ImageSpec]:
    """Images that stood in the list before, with nothing to tell them apart but their names."""
    seen: set[str] = set()
    repeated = []
    for image in sweep.images if not sweep.spec.open else ():
        said = f"{image.uri} {sorted(image.settings.items(), key=repr)!r}"
        if said in seen:
            repeated.append(image)
        seen.add(said)
    return repeated


def least_tokens(text: str) -> int:
    """A prompt's tokens, at least: a word, a digit or a sign is one or more, and two stand around them."""
    return len(_WORD.findall(text)) + 2


def _change(variant: Variant, table: ModelTable | None, size_of: SizeOf) -> str:
    original, size = size_of(variant.image.uri), _sized(variant, table, size_of)
    if original is None or size is None or original == size:
        return ""
    how = {"cover": "cut to fit", "contain": "with its edges continued", "stretch": "stretched"}
    changed = f"{variant.image.name}: {original[0]} × {original[1]} becomes {size[0]} × {size[1]}"
    same_shape = abs(original[0] / original[1] - size[0] / size[1]) < 1e-9
    return changed if same_shape else f"{changed}, {how[variant.parameters.fit]}"


def _least_work(spec: JobSpec) -> tuple[float, float]:
    """The strength and the steps of a cell with the least work."""
    standing = [spec.standing(model) for model in spec.model_defaults] or [spec.fixed]
    pairs = [_least_in(fixed, spec.axes) for fixed in standing]
    pairs += [_least_in({**fixed, **image.settings}, _without(spec.axes, image.settings)) for image in spec.images
              if image.settings.keys() & {"strength", "steps"} for fixed in standing]  # fmt: skip
    return min(pairs, key=lambda pair: pair[0] * pair[1])


def _without(axes: Sequence[AxisSpec], settings: Mapping[str, FieldValue]) -> list[AxisSpec]:
    return [axis for axis in axes if not set(axis.names) & settings.keys()]


def _least_in(fixed: Mapping[str, FieldValue], axes: Sequence[AxisSpec]) -> tuple[float, float]:
    least = {name: float(str(fixed.get(name, 1))) for name in ("strength", "steps")}
    for axis in axes:
        columns = {name: axis.columns[axis.names.index(name)] for name in least if name in axis.names}
        if len(columns) == 2:
            rows = zip(*columns.values(), strict=True)
            return min(((float(str(a)), float(str(b))) for a, b in rows), key=lambda pair: pair[0] * pair[1])
        for name, column in columns.items():
            ends = (column[0], column[-1]) if isinstance(column, Span) else column
            least[name] = min(float(str(value)) for value in ends)
    return least["strength"], least["steps"]
