"""Manifest text to spec, because a problem without its line is half an answer.

==============  ==============================================================================
`yaml_text`     YAML, event by event
`json_text`     JSON, by the standard library
`rows_text`     JSONL and CSV, one variant a line; the rows of tables, too
`given`         keys that a command line says in the place of the document's
`prompt_lines`  A1111's "prompts from file", made into a manifest
==============  ==============================================================================

YAML is read event by event, where every key has its line, with YAML 1.2's core types (`yes` and `on` are text).
Anchors work within a bound; tags, merge keys and directives are refused. JSON is read by the standard library, and its
lines are found only if there is a problem to place. Either way the text is bounded before it is looked at.
"""

from collections.abc import Mapping
from typing import Literal

from jobs.manifest.given import parse_given, with_given
from jobs.manifest.json_text import JsonLines, read_json
from jobs.manifest.refusal import refuse
from jobs.manifest.rows_text import RowsFormat, rows_document
from jobs.manifest.yaml_text import YamlReader
from jobs.spec import JobSpec, Lines, local_paths, parse_spec, require_uris, with_images

__all__ = ["Format", "local_paths", "parse_given", "parse_manifest", "require_uris", "with_images"]

MAX_BYTES = 32 << 20

Format = Literal["yaml", "json", "jsonl", "csv", "auto"]


def parse_manifest(
    text: bytes | str,
    *,
    source: str,
    format: Format = "auto",  # noqa: A002 # the API's word
    given: Mapping[str, object] | None = None,
) -> JobSpec:
    """Read a manifest. With `auto`, text that starts with `{` is JSON, unless the name of `source` ends otherwise.

    given: top-level keys that are said elsewhere (a command line) and take the place of the document's.

    Raises:
        InvalidSpec: everything that is wrong with it, each problem with its 1-based line.

    """
    decoded = _decoded(text, source)
    kind = _kind(decoded, source) if format == "auto" else format
    data, lines = _read(decoded, source, kind, given or {})
    return parse_spec(with_given(data, given or {}), source=source, lines=lines)


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
        refuse(source, f"the manifest has {len(text)} bytes, at most {MAX_BYTES} are read")
    if isinstance(text, bytes):
        try:
            text = text.decode("utf-8-sig")
        except UnicodeDecodeError as wrong:
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
