"""What a user writes: one language for the HTTP body, the manifest file and the published JSON Schema.

A document comes in a short form and in a long one (`apiVersion: pentimento/v1`, `kind: Sweep`, `metadata`, `spec`).
`parse_spec` makes of either the one normal form, a frozen `JobSpec`, or says everything that is wrong with it at once.

==============  ==========================================================================================
`fields`        every field with its bounds, default and description; also the words we know but don't take
`reading`       the document, section by section; `axes` and `values` read lists, ranges, cells, single values
`delivery`      output, run, labels
`checks`        what the parts say about each other: variables, per-image settings, cells, sizes
`model`         the normal form
`holes`         which cells are not rendered, and how many are
`image_lines`   the lines of `images`; `images` knows URIs, names, local paths; `patterns` knows globs
`choices`       alternatives inside a prompt
`names`         the template by which pictures are named
`canonical`     the normal form as text again: stable bytes, the same spec when parsed
`styles`        style presets: templates around prompts, by name
`suited`        the defaults of models, for what the job leaves out
`schema`        the JSON Schema
==============  ==========================================================================================

Precedence: the model's defaults < parameters < axis cell < `include` < an image's own `set`. A field that an image sets
removes that axis for that image. Axes run in the order in which their fields are written, then the matrix.
"""

from collections.abc import Mapping
from dataclasses import replace

from jobs.spec.canonical import canonical_json, document_of, spec_hash
from jobs.spec.checks import Checks
from jobs.spec.images import local_paths, named_images, require_uris, with_images
from jobs.spec.model import AxisSpec, ImageSpec, JobSpec, OutputSpec, RunSpec, SeedPlan
from jobs.spec.problems import Lines, Path, Problems
from jobs.spec.reading import Document
from jobs.spec.schema import json_schema
from jobs.spec.styles import with_presets
from jobs.spec.suited import LeftOut, Suits, left_out, settled

__all__ = [
    "AxisSpec",
    "ImageSpec",
    "JobSpec",
    "LeftOut",
    "Lines",
    "OutputSpec",
    "Path",
    "RunSpec",
    "SeedPlan",
    "Suits",
    "canonical_json",
    "document_of",
    "freeze",
    "json_schema",
    "left_out",
    "local_paths",
    "named_images",
    "parse_spec",
    "require_uris",
    "spec_hash",
    "with_defaults",
    "with_images",
    "with_left",
    "with_presets",
]

API_VERSION = "pentimento/v1"
KIND = "Sweep"


def parse_spec(data: object, *, source: str = "", lines: Lines | None = None) -> JobSpec:
    """Make a `JobSpec` of a document (mappings, lists and scalars, as JSON or YAML gives them).

    source: what the document is called in messages. lines: the 1-based line of a path, None where there is none.

    Raises:
        InvalidSpec: everything that is wrong with it, each with path, value, remedy and, where known, line.

    """
    problems = Problems(source=source, lines=lines)
    if not isinstance(data, Mapping):
        problems.add((), "a job spec is a mapping", value=data, remedy="Start with `images:`")
        problems.raise_any()
    document = _unwrapped(problems, problems.mapping(data, (), what="a job spec"))
    spec = document.read()
    Checks(document, spec).run()
    problems.raise_any()
    return spec


def _unwrapped(problems: Problems, data: dict[str, object]) -> Document:
    """The short form inside the long one."""
    if not data.keys() & {"apiVersion", "kind", "metadata", "spec"}:
        return Document(problems, data, ())
    for key, expected in (("apiVersion", API_VERSION), ("kind", KIND)):
        if data.get(key) != expected:
            problems.add((key,), f"must be {expected}", value=data.get(key), remedy="Or leave the envelope out")
    problems.unknown(data, ("apiVersion", "kind", "metadata", "spec"), ())
    metadata = problems.mapping(data.get("metadata") or {}, ("metadata",), what="metadata")
    problems.unknown(metadata, ("name", "labels"), ("metadata",))
    inner = problems.mapping(data.get("spec"), ("spec",), what="spec")
    outer: dict[str, object] = {key: metadata[key] for key in ("name", "labels") if key in metadata}
    for key in outer:
        if key in inner:
            problems.add(("spec", key), f"metadata.{key} and spec.{key} say the same thing", remedy="Keep one of them")
    return Document(problems, {**outer, **inner}, ("spec",))


def with_defaults(spec: JobSpec, suits: Suits) -> JobSpec:
    """The spec with the defaults of its models for what it leaves out, all of it said.

    Raises:
        InvalidSpec: cells that turn out to be the same, or to be all left out, once the defaults stand.
        UnknownModel: `suits` knows none of that name.

    """
    return with_left(spec, left_out(spec, suits))


def with_left(spec: JobSpec, left: tuple[LeftOut, ...]) -> JobSpec:
    """The same with what was found by `left_out`, here or elsewhere.

    Raises:
        InvalidSpec: as `with_defaults`.

    """
    if not left:
        return spec
    made = settled(spec, left)
    if any(spec.left & cell.keys() for cell in (*spec.exclude, *spec.include, *spec.reroll)):
        return parse_spec(document_of(made), source="the job spec")
    return made


def freeze(spec: JobSpec, *, seed_base: int) -> JobSpec:
    """The spec with `seed_base` (uint32) as its seeds' base, where it needs one and says none.

    Raises:
        ValueError: not a uint32.

    """
    if not 0 <= seed_base < 1 << 32:
        raise ValueError(f"seed_base is {seed_base}, not a uint32")
    if spec.seed.base is not None:
        return spec
    return replace(spec, seed=replace(spec.seed, base=seed_base))
