"""Manifest text to spec, because a problem without its line is half an answer.

==============  ==============================================================================
`yaml_text`     YAML, event by event
`json_text`     JSON, by the standard library
`rows_text`     JSONL and CSV, one variant a line; the rows of tables, too
`given`         keys that a command line says in the place of the document's
`inline`        pictures within the text, taken out of it
`prompt_lines`  A1111's "prompts from file", made into a manifest
==============  ==============================================================================

YAML is read event by event, where every key has its line, with YAML 1.2's core types (`yes` and `on` are text).
Anchors work within a bound; tags, merge keys and directives are refused. JSON is read by the standard library, and its
lines are found only if there is a problem to place. Either way the text is bounded before it is looked at.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal, NoReturn

from jobs.errors import InvalidSpec, Problem
from jobs.manifest.given import parse_given, with_given
from jobs.manifest.inline import NO_PICTURES, take_out
from jobs.manifest.json_text import JsonLines, read_json
from jobs.manifest.refusal import refuse
from jobs.manifest.rows_text import RowsFormat, rows_document
from jobs.manifest.yaml_text import YamlReader
from jobs.spec import JobSpec, Lines, local_paths, parse_spec, require_uris, with_images
from jobs.spec.problems import Problems

__all__ = [
    "Format",
    "Manifest",
    "local_paths",
    "parse_given",
    "parse_manifest",
    "read_manifest",
    "require_uris",
    "with_images",
]

MAX_BYTES = 32 << 20
_PICTURES = (b"\x89PNG", b"\xff\xd8\xff", b"RIFF")  # RIFF: WebP

Format = Literal["yaml", "json", "jsonl", "csv", "auto"]

_DATA = re.compile("data:", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Manifest:
    """A spec, and the pictures that its manifest carried in itself, by the `upload://` URIs that stand for them."""

    spec: JobSpec
    pictures: Mapping[str, bytes]


def parse_manifest(
    text: bytes | str,
    *,
    source: str,
    format: Format = "auto",  # noqa: A002 # the API's word
    given: Mapping[str, object] | None = None,
) -> JobSpec:
    """The spec of a manifest that nobody submits; see `read_manifest`."""
    return read_manifest(text, source=source, format=format, given=given).spec


def read_manifest(
    text: bytes | str,
    *,
    source: str,
    format: Format = "auto",  # noqa: A002 # the API's word
    given: Mapping[str, object] | None = None,
    picture_bytes: int | None = None,
) -> Manifest:
    """Read a manifest. With `auto`, text that starts with `{` is JSON, unless the name of `source` ends otherwise.

    given: top-level keys that are said elsewhere (a command line) and take the place of the document's.
    picture_bytes: the most that one picture within the text (`data:image/png;base64,…`) may have; None: no bound.

    Raises:
        InvalidSpec: everything that is wrong with it, each problem with its 1-based line.

    """
    decoded = _decoded(text, source)
    kind = _kind(decoded, source) if format == "auto" else format
    data, lines = _read(decoded, source, kind, given or {})
    document, pictures = with_given(data, given or {}), NO_PICTURES
    if given or _DATA.search(decoded):
        problems = Problems(source=source, lines=lines)
        taken = take_out(document, problems, limit=picture_bytes)
        document, pictures = taken.document, taken.pictures
        if problems.found:
            _refuse_all(document, problems, lines)
    try:
        return Manifest(parse_spec(document, source=source, lines=lines), pictures)
    except InvalidSpec as wrong:
        raise InvalidSpec([_placed(problem, given or {}) for problem in wrong.problems], source=source) from None


def _refuse_all(document: object, problems: Problems, lines: Lines) -> NoReturn:
    """Refuse a document for its pictures, and for whatever else is wrong with it."""
    others: tuple[Problem, ...] = ()
    try:
        parse_spec(document, source=problems.source, lines=lines)
    except InvalidSpec as wrong:
        others = wrong.problems
    raise InvalidSpec([*problems.found, *others], source=problems.source)


def _placed(problem: Problem, given: Mapping[str, object]) -> Problem:
    """The problem without a line where the command line said what is wrong, and so no line of the text did."""
    path = problem.path.removeprefix("spec.")
    said = any(path == key or path.startswith((f"{key}.", f"{key}[")) for key in given)
    return replace(problem, line=None) if said else problem


def _read(text: str, source: str, kind: str, given: Mapping[str, object]) -> tuple[object, Lines]:
    if kind == "json":
        return read_json(text, source), JsonLines(text)
    if kind in {"jsonl", "csv"}:
        form: RowsFormat = "csv" if kind == "csv" else "jsonl"
        document, lines = rows_document(text, source, form, given)
        return document, lines.get
    reader = YamlReader(source)
    return reader.read(text), reader.lines.get


def _decoded(text: bytes | str, source: str) -> str:
    if len(text) > MAX_BYTES:
        remedy = "Put what is long in tables in a store: images: [{table: s3://…}, …]"
        refuse(source, f"the manifest has {len(text):,} bytes, at most {MAX_BYTES:,} are read", remedy=remedy)
    if isinstance(text, bytes):
        try:
            text = text.decode("utf-8-sig")
        except UnicodeDecodeError as wrong:
            if wrong.object.startswith(_PICTURES):
                remedy = "A manifest names pictures; `pentimento init` writes an example."
                refuse(source, "this is a picture, not a manifest", remedy=remedy)
            line = wrong.object[: wrong.start].count(b"\n") + 1
            refuse(source, "the manifest is not UTF-8", remedy="Save it as UTF-8", line=line)
    return text.removeprefix("\ufeff")


def _kind(text: str, source: str) -> Format:
    name = source.lower()
    if name.endswith((".jsonl", ".ndjson")):
        return "jsonl"
    if name.endswith((".csv", ".tsv")):
        return "csv"
    if name.endswith(".json"):
        return "json"
    if name.endswith((".yaml", ".yml")):
        return "yaml"
    return "json" if text.lstrip().startswith("{") else "yaml"
