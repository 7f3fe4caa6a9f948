"""A spec as a document again: stable bytes for hashing, storing and sending, and the same spec when they are parsed.

Keys that mean nothing by their order are sorted; axes keep theirs, because positions follow it. Defaults are written
out, so that a frozen manifest means the same under a version with other defaults; those that are left to the model
once they are known (`with_defaults`), so that it means the same under another model table.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from fractions import Fraction

from jobs.spec.choices import Choices
from jobs.spec.fields import FIELDS
from jobs.spec.model import AxisSpec, FieldValue, ImageSpec, JobSpec
from jobs.spec.numbers import Span


def canonical_json(spec: JobSpec) -> bytes:
    """The document as JSON in UTF-8. Equal specs give equal bytes."""
    return json.dumps(document_of(spec), ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def spec_hash(spec: JobSpec) -> str:
    """The SHA-256 of the canonical JSON, 64 hex digits."""
    return hashlib.sha256(canonical_json(spec)).hexdigest()


def document_of(spec: JobSpec) -> dict[str, object]:
    """The short form, in canonical order."""
    document: dict[str, object] = {}
    names = {"name": spec.name, "labels": dict(sorted(spec.labels.items()))}
    document.update({key: value for key, value in names.items() if value})
    document["images"] = [_image(image) for image in spec.images]
    said = spec.fixed.keys() - spec.left
    document.update({name: _value(spec.fixed[name]) for name in FIELDS if name in said})
    if not any("seed" in axis.names for axis in spec.axes):
        plan = {"policy": spec.seed.policy, "base": spec.seed.base}
        document["seed"] = {key: value for key, value in plan.items() if value is not None}
    document["samples"] = spec.samples
    if spec.presets:
        document["style_presets"] = {name: asdict(preset) for name, preset in sorted(spec.presets.items())}
    if spec.model_defaults:
        document["model_defaults"] = {model: _sorted(own) for model, own in sorted(spec.model_defaults.items())}
    for axis in spec.axes:
        if not axis.in_matrix:
            document[axis.key] = _column(axis.columns[0])
    matrix = {axis.key: _axis(axis) for axis in spec.axes if axis.in_matrix}
    if matrix:
        document["matrix"] = matrix
    for key, cells in (("exclude", spec.exclude), ("include", spec.include), ("reroll", spec.reroll)):
        if cells:
            document[key] = [_sorted(cell) for cell in cells]
    return document | _delivery(spec)


def _delivery(spec: JobSpec) -> dict[str, object]:
    """What is said of a job beyond its pictures; what is empty is left out."""
    output = {
        "uri": spec.output.uri,
        "name": spec.output.name,
        "format": spec.output.format,
        "sheet": spec.output.sheet,
    }
    run = {"priority": spec.run.priority.value, "max_failures": spec.run.max_failures, "backend": spec.run.backend}
    run["confirm_above"] = spec.run.confirm_above
    budget = {"images": spec.run.budget.images, "gpu_seconds": spec.run.budget.gpu_seconds}
    said: dict[str, object] = {
        "output": {key: value for key, value in output.items() if value != ""},
        "run": {key: value for key, value in run.items() if value not in {None, ""}},
        "budget": {key: value for key, value in budget.items() if value is not None},
        "webhook": spec.run.webhook,
        "extends": spec.run.extends,
    }
    return {key: value for key, value in said.items() if value or key in {"output", "run"}}


def _image(image: ImageSpec) -> dict[str, object]:
    said: dict[str, object] = {"table" if image.kind == "table" else "uri": image.uri}
    if image.name:
        said["name"] = image.name
    if image.custom_id:
        said["custom_id"] = image.custom_id
    if image.sidecar:
        said["sidecar"] = image.sidecar
    if image.settings:
        said["set"] = _sorted(image.settings)
    return said


def _sorted(fields: Mapping[str, FieldValue]) -> dict[str, object]:
    return {name: _value(fields[name]) for name in sorted(fields)}


def _value(value: FieldValue) -> object:
    if not isinstance(value, tuple):
        return value
    if len(value) == 1 and value[0].weight == 1:
        return value[0].text
    return [{"text": part.text, "weight": part.weight} for part in value]


def _column(column: Sequence[FieldValue]) -> object:
    if isinstance(column, Span):
        return _range(column)
    return [_value(value) for value in (column.written if isinstance(column, Choices) else column)]


def _axis(axis: AxisSpec) -> object:
    if axis.names == (axis.key,):
        return _column(axis.columns[0])
    rows = zip(*axis.columns, strict=True)
    return [{name: _value(value) for name, value in zip(axis.names, row, strict=True)} for row in rows]


def _range(span: Span) -> dict[str, object]:
    """A range as a range where its step is a short decimal, else as a linspace."""
    first, last = span[0], span[-1]
    step = Fraction(span.step, span.scale)
    if span.whole:
        return {"range": [first, last, int(step)]}
    written = span.step / span.scale
    if Fraction(repr(written)) == step and Fraction(repr(first)) == Fraction(span.start, span.scale):
        return {"range": [first, last, written]}
    return {"linspace": [first, last, span.length]}
