"""How text that is no document at all is refused: one problem, because nothing after it can be trusted."""

from typing import NoReturn

from jobs.errors import InvalidSpec, Problem

MAX_DEPTH = 32
"""Levels of nesting; a spec needs seven."""


def refuse(source: str, message: str, *, remedy: str = "", line: int | None = None, path: str = "") -> NoReturn:
    """Raise `InvalidSpec` with this one problem."""
    raise InvalidSpec([Problem(path or "(the document)", message, "", remedy, line)], source=source) from None
