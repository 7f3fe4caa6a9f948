"""Collects everything that is wrong with a document, each with its place, value and remedy, instead of stopping."""

import difflib
import json
import math
import re
from collections.abc import Callable, Iterable, Mapping

from jobs.errors import InvalidSpec, Problem
from jobs.spec.fields import MISTAKEN, NOT_YET
from jobs.uris import without_data

Path = tuple[str | int, ...]
Lines = Callable[[Path], int | None]

MAX_PROBLEMS = 100
_ABSENT = object()
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_UNSAFE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\x85\u2028\u2029\ud800-\udfff]")


def spell_path(path: Path) -> str:
    """Dots and brackets: `images[2].set.subject`; a key of other characters is quoted."""
    said = ""
    for part in path:
        if isinstance(part, int):
            said += f"[{part}]"
        elif _PLAIN.fullmatch(part) and len(part) <= 64:
            said += f".{part}" if said else part
        else:
            said += f"[{short(part)}]"
    return said or "(the document)"


def short(value: object) -> str:
    """A value as JSON of at most 200 characters, whatever it is."""
    said = json.dumps(_shallow(value, 3), ensure_ascii=True, default=lambda _: "…")
    return said if len(said) <= 200 else said[:199] + "…"


def _shallow(value: object, depth: int) -> object:
    if isinstance(value, str):
        return without_data(value[:400])[:200]
    if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() > 600:
        return "a very long number"
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if depth and isinstance(value, Mapping):
        return {str(key)[:64]: _shallow(inner, depth - 1) for key, inner in list(value.items())[:8]}
    if depth and isinstance(value, list | tuple):
        return [_shallow(inner, depth - 1) for inner in value[:8]]
    return value if isinstance(value, int | float | None) else "…"


def nearest(word: str, known: Iterable[str], *, cutoff: float = 0.6) -> str | None:
    """The known word that looks most like this one, None where none does. cutoff: how alike, 0..1."""
    found = difflib.get_close_matches(word[:64].lower(), list(known)[:2000], n=1, cutoff=cutoff)
    return found[0] if found else None


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A remedy for an unknown word."""
    names = list(known)
    near = nearest(word, names)
    if near is not None:
        return f"Did you mean {near}?"
    return f"Known are {', '.join(names[:30])}" if names else ""


class Problems:
    """Collects problems; `lines` finds the line of a path in the text, where there is a text.

    meant: words that an unknown key was taken for: that they are missing would be the same mistake once more.
    """

    def __init__(self, *, source: str = "", lines: Lines | None = None) -> None:
        self.source = source
        self.found: list[Problem] = []
        self._lines = lines
        self._unsaid = 0
        self.meant: set[str] = set()

    @property
    def full(self) -> bool:
        """Whether further ones are only counted; whoever reads a long list may stop then."""
        return len(self.found) >= MAX_PROBLEMS

    def hint(self, word: str, known: Iterable[str]) -> str:
        """A remedy for an unknown word; empty once nobody would see it, because finding it costs a millisecond."""
        return "" if self.full else did_you_mean(word, known)

    def add(self, path: Path, message: str, *, value: object = _ABSENT, remedy: str = "") -> None:
        """Note a problem. Above 100 they are only counted, and the last one says how many."""
        if self.full:
            self._unsaid += 1
            return
        said = "" if value is _ABSENT else short(value)
        self.found.append(Problem(spell_path(path), message, said, remedy, self._line(path)))

    def _line(self, path: Path) -> int | None:
        if self._lines is None:
            return None
        for end in range(len(path), -1, -1):
            line = self._lines(path[:end])
            if line is not None:
                return line
        return None

    def raise_any(self) -> None:
        """Raise `InvalidSpec` with all of them, in the order of the text, if there are any."""
        if not self.found:
            return
        found = sorted(self.found, key=lambda problem: problem.line or 0)
        if self._unsaid:
            found.append(Problem("(the document)", f"at least {self._unsaid} more problems", "", "", None))
        raise InvalidSpec(found, source=self.source)

    # What every reader of a value needs.

    def unknown(self, keys: Iterable[str], known: tuple[str, ...], path: Path) -> None:
        """Problems for keys that are none of ours: what to write instead, where that can be guessed."""
        for key in keys:
            if key in known:
                continue
            if key in NOT_YET:
                remedy = NOT_YET[key][:1].upper() + NOT_YET[key][1:]
                self.add((*path, key), f"{key} is not supported yet", remedy=remedy)
                continue
            ours = MISTAKEN.get(key, "")
            fits = ours and (ours in known or "images" in known)
            near = None if fits or self.full else nearest(key, known)
            self.meant |= {ours} if fits else {near or ""}
            remedy = f"Write {ours}" if fits else f"Did you mean {near}?" if near else self.hint(key, known)
            self.add((*path, key), f"{key[:40]} is not a key here", remedy=remedy)

    def mapping(self, value: object, path: Path, *, what: str) -> dict[str, object]:
        """The value as a mapping with text keys; a problem and an empty one where it is none."""
        if not isinstance(value, Mapping):
            self.add(path, f"{what} is a mapping", value=value)
            return {}
        bad = [key for key in value if not isinstance(key, str)]
        for key in bad[:1]:
            self.add(path, "a key is not text", value=key, remedy="Put it in quotes")
        return {key: inner for key, inner in value.items() if isinstance(key, str)}

    def text(self, value: object, path: Path, *, limit: int, what: str = "it") -> str | None:
        """The value as text of at most `limit` characters, without control characters and lone surrogates."""
        if not isinstance(value, str):
            remedy = "Put it in quotes" if isinstance(value, int | float) else ""
            self.add(path, f"{what} is text", value=value, remedy=remedy)
            return None
        if len(value) > limit:
            self.add(path, f"{what} has {len(value)} characters, at most {limit} are taken", value=value[:40])
            return None
        unsafe = _UNSAFE.search(value)
        if unsafe is not None:
            self.add(path, f"{what} holds the character U+{ord(unsafe.group()):04X}", value=value, remedy="Remove it")
            return None
        return value

    def number(self, value: object, path: Path, *, low: float, high: float, whole: bool) -> float | None:
        """The value as a finite number within inclusive bounds; an int where `whole`."""
        kind = "a whole number" if whole else "a number"
        bounds = f"{kind} from {low:.10g} to {high:.10g}"
        if isinstance(value, bool) or not isinstance(value, int | float):
            remedy = "Write it without quotes" if isinstance(value, str) and _numeric(value) else ""
            self.add(path, f"must be {bounds}", value=value, remedy=remedy)
            return None
        if not low <= value <= high or (whole and value != int(value)):
            self.add(path, f"must be {bounds}", value=value)
            return None
        return int(value) if whole else float(value) + 0.0  # + 0.0 makes -0.0 plain


def _numeric(text: str) -> bool:
    try:
        float(text[:40])
    except ValueError:
        return False
    return True
