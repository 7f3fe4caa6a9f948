"""YAML text to data and lines, event by event, so that bounds hold while the text is read and not afterwards.

Types are those of YAML 1.2's core schema (`yes` and `on` are text). Aliases work, and count as what they stand for;
tags, merge keys and directives are refused. Nothing recurses deeper than the bound, whatever the text.
"""

import re
from collections.abc import Iterator
from typing import NoReturn

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from jobs.manifest.refusal import MAX_DEPTH, refuse
from jobs.spec import Path
from jobs.spec.problems import spell_path

MAX_YAML_CHARACTERS = 1 << 20
MAX_VALUES = 200_000

_LONG_TAG = re.compile(r"(?:^|[\s\[{,:-])!\S{1000}")  # the library takes seconds over tags of a megabyte
_NULL = {"", "~", "null", "Null", "NULL"}
_TRUE = {"true", "True", "TRUE"}
_FALSE = {"false", "False", "FALSE"}
_INT = re.compile(r"[-+]?[0-9]{1,40}")
_BASED = re.compile(r"0o[0-7]{1,40}|0x[0-9a-fA-F]{1,40}")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]{1,6})?")
_SPECIAL = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")


class YamlReader:
    """Plain data out of YAML text, and the line of each path. For one text."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._values = 0
        self._anchors: dict[str, tuple[object, int, int]] = {}  # value, how many values it is, its depth
        self._deepest = 0
        self.lines: dict[Path, int] = {}

    def read(self, text: str) -> object:
        """The document's data.

        Raises:
            InvalidSpec: not YAML, or YAML of a kind that is not taken.

        """
        if len(text) > MAX_YAML_CHARACTERS:
            message = f"YAML of {len(text)} characters, at most {MAX_YAML_CHARACTERS} are read"
            refuse(self._source, message, remedy="Write JSON, which is read at this size")
        if _LONG_TAG.search(text):
            refuse(self._source, "tags are not taken", remedy="Put text that starts with ! in quotes")
        found: list[object] = []
        events = self._events(text)
        for event in events:
            if isinstance(event, DocumentStartEvent):
                if found:
                    self._refuse(event, "more than one document", remedy="One job a manifest")
                if event.version or event.tags:
                    self._refuse(event, "YAML directives are not taken", remedy="Remove the line with %")
                found.append(self._value(next(events), events, (), None))
        if not found or found == [None]:
            refuse(self._source, "the manifest is empty", remedy="Start with `images:`", line=1)
        return found[0]

    def _refuse(self, event: Event, message: str, *, remedy: str = "", path: Path = ()) -> NoReturn:
        where = spell_path(path[:8]) if path else ""
        refuse(self._source, message, remedy=remedy, line=_line(event), path=where)

    def _events(self, text: str) -> Iterator[Event]:
        try:
            yield from YAML(typ="safe", pure=True).parse(text)
        except MarkedYAMLError as wrong:
            mark = wrong.problem_mark or wrong.context_mark
            line = mark.line + 1 if mark is not None else None
            remedy = "Indent with spaces, not tabs" if "\\t" in str(wrong.problem) else ""
            said = re.sub(r"'<([a-z ]+)>'|\('<([a-z ]+)>',\)", r"\1\2", str(wrong.problem or wrong.context))
            refuse(self._source, f"not YAML: {said}", remedy=remedy, line=line)
        except (YAMLError, ValueError) as wrong:
            said = " ".join(str(wrong).split())[:150]
            refuse(self._source, f"not YAML: {said}", remedy="Remove characters that no text has")

    def _value(self, event: Event, events: Iterator[Event], path: Path, line: int | None) -> object:
        """The value that starts with `event`; `line` is its key's, if it has one."""
        self.lines[path] = line or _line(event)
        self._count(event, 1, path)
        if isinstance(event, AliasEvent):
            return self._alias(event, path)
        if not isinstance(event, ScalarEvent | SequenceStartEvent | MappingStartEvent):
            self._refuse(event, "not YAML: a value is missing", path=path)
        if event.tag is not None:
            self._refuse(event, f"the tag {str(event.tag)[:60]} is not taken", remedy="Remove it", path=path)
        before, deepest, self._deepest = self._values, self._deepest, len(path)
        made = self._read(event, events, path)
        if event.anchor is not None:
            self._anchors[event.anchor] = (made, self._values - before + 1, self._deepest - len(path))
        self._deepest = max(deepest, self._deepest)
        return made

    def _read(self, event: Event, events: Iterator[Event], path: Path) -> object:
        if isinstance(event, MappingStartEvent):
            return self._mapping(events, path)
        if isinstance(event, ScalarEvent):
            return plain(event.value) if event.style is None else event.value
        return self._sequence(events, path)

    def _count(self, event: Event, more: int, path: Path) -> None:
        self._values += more
        if self._values > MAX_VALUES:
            message = f"more than {MAX_VALUES} values once aliases are followed"
            self._refuse(event, message, remedy="Use fewer aliases, or write JSON")
        self._deepest = max(self._deepest, len(path))
        if len(path) > MAX_DEPTH:
            self._refuse(event, "nested too deeply", remedy=f"At most {MAX_DEPTH} levels", path=path)

    def _alias(self, event: AliasEvent, path: Path) -> object:
        if event.anchor not in self._anchors:
            self._refuse(event, f"undefined alias {event.anchor[:60]}", remedy="Put its anchor before it", path=path)
        made, size, depth = self._anchors[event.anchor]
        self._count(event, size - 1, path + (0,) * depth)
        return made

    def _sequence(self, events: Iterator[Event], path: Path) -> list[object]:
        made: list[object] = []
        for event in events:
            if isinstance(event, SequenceEndEvent):
                break
            made.append(self._value(event, events, (*path, len(made)), None))
        return made

    def _mapping(self, events: Iterator[Event], path: Path) -> dict[str, object]:
        made: dict[str, object] = {}
        for key in events:
            if isinstance(key, MappingEndEvent):
                break
            if not isinstance(key, ScalarEvent):
                self._refuse(key, "a key is not text", remedy="Write plain keys", path=path)
            here = (*path, str(key.value))
            if key.tag is not None or (key.value == "<<" and key.style is None):
                self._refuse(key, "tags and merge keys (<<) are not taken", remedy="Write it out", path=here)
            if here[-1] in made:
                self._refuse(key, "is written twice", remedy="Keep one of them", path=here)
            made[str(key.value)] = self._value(next(events), events, here, _line(key))
        return made


def plain(text: str) -> object:
    """What an unquoted scalar stands for by YAML 1.2's core schema."""
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


def _line(event: Event) -> int:
    return int(event.start_mark.line) + 1
