"""YAML text to data and lines, at the level of nodes, where every key knows its line.

Types are those of YAML 1.2's core schema (`yes` and `on` are text). Aliases work within a bound; tags, merge keys and
directives are refused.
"""

import re
from typing import cast

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from jobs.manifest.refusal import MAX_DEPTH, refuse
from jobs.spec import Path
from jobs.spec.problems import spell_path

MAX_YAML_CHARACTERS = 1 << 20
MAX_NODES = 200_000

_SCALARS = {"", "str", "int", "float", "bool", "null", "timestamp", "value"}
_NULL = {"", "~", "null", "Null", "NULL"}
_TRUE = {"true", "True", "TRUE"}
_FALSE = {"false", "False", "FALSE"}
_INT = re.compile(r"[-+]?[0-9]{1,40}")
_BASED = re.compile(r"0o[0-7]{1,40}|0x[0-9a-fA-F]{1,40}")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]{1,6})?")
_SPECIAL = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")


class YamlReader:
    """Plain data out of YAML text, and the line of each path."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._text = ""
        self._nodes = 0
        self.lines: dict[Path, int] = {}

    def read(self, text: str) -> object:
        """The document's data.

        Raises:
            InvalidSpec: not YAML, or YAML of a kind that is not taken.

        """
        if len(text) > MAX_YAML_CHARACTERS:
            remedy = "Write JSON, which is read at this size"
            refuse(
                self._source, f"YAML of {len(text)} characters, at most {MAX_YAML_CHARACTERS} are read", remedy=remedy
            )
        for number, said in enumerate(text.splitlines(), 1):
            if said.startswith("%"):
                refuse(self._source, "YAML directives are not taken", remedy="Remove the line", line=number)
        self._text = text
        root = self._compose(text)
        if root is None:
            refuse(self._source, "the manifest is empty", remedy="Start with `images:`", line=1)
        return self._value(root, (), 0, _line(root))

    def _compose(self, text: str) -> Node | None:
        try:
            return YAML(typ="rt", pure=True).compose(text)  # type: ignore[no-any-return]
        except MarkedYAMLError as wrong:
            mark = wrong.problem_mark or wrong.context_mark
            line = mark.line + 1 if mark is not None else None
            remedy = "Indent with spaces, not tabs" if "\\t" in str(wrong.problem) else ""
            if "single document" in str(wrong.context):
                refuse(self._source, "more than one document", remedy="One job a manifest", line=line)
            refuse(self._source, f"not YAML: {wrong.problem or wrong.context}", remedy=remedy, line=line)
        except RecursionError:
            refuse(self._source, "nested too deeply", remedy=f"At most {MAX_DEPTH} levels")
        except (YAMLError, ValueError) as wrong:
            said = " ".join(str(wrong).split())[:150]
            refuse(self._source, f"not YAML: {said}", remedy="Remove characters that no text has")

    def _value(self, node: Node, path: Path, depth: int, line: int) -> object:
        self._nodes += 1
        if self._nodes > MAX_NODES:
            remedy = "Use fewer aliases, or write JSON"
            refuse(self._source, f"more than {MAX_NODES} values once aliases are followed", remedy=remedy, line=line)
        if depth > MAX_DEPTH:
            remedy = f"At most {MAX_DEPTH} levels"
            refuse(self._source, "nested too deeply", remedy=remedy, line=line, path=spell_path(path[:8]))
        self.lines[path] = line
        if isinstance(node, MappingNode):
            self._tagged(node, "map", path, line)
            return self._mapping(node, path, depth)
        if isinstance(node, SequenceNode):
            self._tagged(node, "seq", path, line)
            items = enumerate(node.value)
            return [self._value(item, (*path, k), depth + 1, _line(item)) for k, item in items]
        return self._scalar(cast("ScalarNode", node), path, line)

    def _tagged(self, node: Node, tag: str, path: Path, line: int) -> None:
        if node.tag is not None and str(node.tag) != f"tag:yaml.org,2002:{tag}":
            said = str(node.tag)[:60]
            refuse(self._source, f"the tag {said} is not taken", remedy="Remove it", line=line, path=spell_path(path))

    def _mapping(self, node: MappingNode, path: Path, depth: int) -> dict[str, object]:
        made: dict[str, object] = {}
        for key, value in node.value:
            line = _line(key)
            if not isinstance(key, ScalarNode):
                refuse(self._source, "a key is not text", remedy="Write plain keys", line=line, path=spell_path(path))
            name = str(key.value)
            here = spell_path((*path, name))
            if name == "<<" and key.style is None:
                refuse(self._source, "merge keys (<<) are not taken", remedy="Write it out", line=line, path=here)
            if name in made:
                refuse(self._source, "is written twice", remedy="Keep one of them", line=line, path=here)
            made[name] = self._value(value, (*path, name), depth + 1, line)
        return made

    def _scalar(self, node: ScalarNode, path: Path, line: int) -> object:
        text = str(node.value)
        if node.style not in {None, ""}:
            return text
        kind = str(node.tag or "").removeprefix("tag:yaml.org,2002:")
        if kind not in _SCALARS or self._text[node.start_mark.index : node.start_mark.index + 1] == "!":
            where = spell_path(path)
            refuse(self._source, f"the tag {kind[:60]} is not taken", remedy="Remove it", line=line, path=where)
        return _plain(text)


def _plain(text: str) -> object:
    """An unquoted scalar by YAML 1.2's core schema."""
    if text in _NULL:
        return None
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    if _INT.fullmatch(text):
        return int(text)
    if _BASED.fullmatch(text):
        return int(text, 0)
    if _FLOAT.fullmatch(text) or _SPECIAL.fullmatch(text):
        return float(text.replace(".inf", "inf").replace(".Inf", "inf").replace(".INF", "inf").replace(".nan", "nan")
                     .replace(".NaN", "nan").replace(".NAN", "nan"))  # fmt: skip
    return text


def _line(node: Node) -> int:
    return int(node.start_mark.line) + 1
