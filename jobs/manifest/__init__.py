"""Manifest text to spec, because a problem without its line is half an answer.

YAML is read event by event, where every key has its line, with YAML 1.2's core types (`yes` and `on` are text).
Anchors work within a bound; tags, merge keys and directives are refused. JSON is read by the standard library, and its
lines are found only if there is a problem to place. Either way the text is bounded before it is looked at.
"""

from typing import Literal

from jobs.manifest.json_text import JsonLines, read_json
from jobs.manifest.refusal import refuse
from jobs.manifest.yaml_text import YamlReader
from jobs.spec import JobSpec, local_paths, parse_spec, require_uris, with_images

__all__ = ["local_paths", "parse_manifest", "require_uris", "with_images"]

MAX_BYTES = 32 << 20

Format = Literal["yaml", "json", "auto"]


def parse_manifest(text: bytes | str, *, source: str, format: Format = "auto") -> JobSpec:  # noqa: A002 # the API's word
    """Read a manifest. With `auto`, text that starts with `{` is JSON, unless the name of `source` ends otherwise.

    Raises:
        InvalidSpec: everything that is wrong with it, each problem with its 1-based line.

    """
    decoded = _decoded(text, source)
    kind = _kind(decoded, source) if format == "auto" else format
    if kind == "json":
        data = read_json(decoded, source)
        return parse_spec(data, source=source, lines=JsonLines(decoded))
    reader = YamlReader(source)
    data = reader.read(decoded)
    return parse_spec(data, source=source, lines=reader.lines.get)


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


def _kind(text: str, source: str) -> Literal["yaml", "json"]:
    name = source.lower()
    if name.endswith((".jsonl", ".csv")):
        remedy = "Write a YAML or JSON manifest; many images go under `images`, each with its own `set`"
        refuse(source, "manifests of one variant a line are not supported yet", remedy=remedy)
    if name.endswith(".json"):
        return "json"
    if name.endswith((".yaml", ".yml")):
        return "yaml"
    return "json" if text.lstrip().startswith("{") else "yaml"
