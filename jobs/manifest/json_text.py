"""JSON text to data, by the standard library; the lines of its paths are found only if there is a problem to place."""

import json
import re
from collections.abc import Iterator
from typing import NoReturn

from jobs.manifest.refusal import MAX_DEPTH, refuse
from jobs.spec import Path


def read_json(text: str, source: str, *, first_line: int = 1) -> object:
    """The document's data. first_line: the number of the text's first line in `source`.

    Raises:
        InvalidSpec: not JSON, or JSON with a key twice or a number that is none.

    """
    try:
        return json.loads(text, object_pairs_hook=_pairs, parse_constant=_constant)
    except json.JSONDecodeError as wrong:
        refuse(source, f"not JSON: {wrong.msg.lower()}, column {wrong.colno}", line=first_line + wrong.lineno - 1)
    except RecursionError:
        refuse(source, "nested too deeply", remedy=f"At most {MAX_DEPTH} levels", line=_known(first_line))
    except _Twice as twice:
        line = (JsonLines(text).twice or 1) + first_line - 1
        refuse(source, f"the key {twice.args[0][:60]!r} is written twice", remedy="Keep one of them", line=line)
    except ValueError as wrong:
        refuse(source, f"not JSON: {str(wrong)[:100]}", remedy=_NUMBERS, line=_known(first_line))


_NUMBERS = "Numbers are finite and not thousands of digits long"


def _known(first_line: int) -> int | None:
    """The line of a fault that has no line of its own: known only where the text is one line of many."""
    return first_line if first_line > 1 else None


class _Twice(Exception):
    """A key that stands twice in one object."""


def _pairs(pairs: list[tuple[str, object]]) -> dict[str, object]:
    made = dict(pairs)
    if len(made) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise _Twice(key)
            seen.add(key)
    return made


def _constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is not a number in JSON")


_JSON_TOKEN = re.compile(r'"((?:[^"\\]|\\.)*)"|[{}\[\],:]|[^\s{}\[\],:"]+', re.DOTALL)


class JsonLines:
    """The line of each path in JSON text that is valid up to a key that stands twice; read on the first question."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._found: dict[Path, int] | None = None
        self._twice: int | None = None

    def __call__(self, path: Path) -> int | None:
        """The line of a path, None where the text has no such path."""
        if self._found is None:
            self._found = self._read()
        return self._found.get(path)

    @property
    def twice(self) -> int | None:
        """The line of the first key that stands twice in one object."""
        self(())
        return self._twice

    def _read(self) -> dict[Path, int]:
        found: dict[Path, int] = {}
        for path, line, is_key in _json_places(self._text):
            if is_key and path in found:
                self._twice = line
                break  # what stands behind it was never read, and may be no JSON at all
            found.setdefault(path, line)
        return found


def _json_places(text: str) -> Iterator[tuple[Path, int, bool]]:
    """Every key and every item of a list, with its line."""
    path: list[str | int] = []
    opened: list[bool] = []  # for each level, whether it is an object
    line, end, key_next = 1, 0, False
    yield (), 1 + text[: len(text) - len(text.lstrip())].count("\n"), False
    for token in _JSON_TOKEN.finditer(text):
        line += text.count("\n", end, token.start())
        end = token.start()
        said = token.group()
        if said in "}]":
            opened.pop()
            path.pop()
            key_next = False
            continue
        if said == ",":
            key_next = opened[-1]
            if not opened[-1]:
                path[-1] = int(path[-1]) + 1
            continue
        if said == ":":
            continue
        if key_next:
            path[-1] = json.loads(said)
            key_next = False
            yield tuple(path), line, True
            continue
        if opened and not opened[-1]:
            yield tuple(path), line, False
        if said in "{[":
            opened.append(said == "{")
            path.append("" if said == "{" else 0)
            key_next = said == "{"
