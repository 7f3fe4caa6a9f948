"""Alternatives inside a prompt, `a {red|blue} boat`, as an axis that is counted and indexed without being expanded.

Text is read into a tree: pieces stand one after another (their counts multiply), alternatives beside each other (their
counts add up), so `{a|b {c|d}}` has three. What an alternative holds is template text still: `{name}` works inside it,
and blanks are part of it. The first alternative group varies slowest.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from hashlib import blake2b
from itertools import accumulate
from typing import overload

from jobs.spec.model import FieldValue, PromptText
from jobs.template import TemplateError

MAX_COMBINATIONS = 100_000
MAX_EXPANDED = 50_000_000
MAX_NESTING = 8

_TOKEN = re.compile(r"[{}|]")
_FOREIGN = re.compile(r"\s*(?:[0-9~-]+\$\$|[0-9]*\.?[0-9]+::)")


@dataclass(frozen=True, slots=True)
class Either:
    """Alternatives, each a row of pieces; `starts[k]` is how many texts come before alternative k."""

    rows: tuple["Row", ...]
    starts: tuple[int, ...]
    count: int

    def pick(self, k: int) -> str:
        """Text k."""
        row = bisect_right(self.starts, k) - 1
        return self.rows[row].pick(k - self.starts[row])

    def longest(self) -> int:
        """Characters of the longest text."""
        return max(row.longest() for row in self.rows)


@dataclass(frozen=True, slots=True)
class Row:
    """Pieces one after another: plain template text and alternatives."""

    pieces: tuple["str | Either", ...]
    count: int

    def pick(self, k: int) -> str:
        """Text k, the last piece fastest."""
        parts: list[str] = []
        for piece in reversed(self.pieces):
            if isinstance(piece, str):
                parts.append(piece)
            else:
                k, here = divmod(k, piece.count)
                parts.append(piece.pick(here))
        return "".join(reversed(parts))

    def longest(self) -> int:
        """Characters of the longest text."""
        return sum(len(piece) if isinstance(piece, str) else piece.longest() for piece in self.pieces)

    def covering(self) -> Iterator[str]:
        """Texts that hold every alternative at least once; far fewer than all."""
        yield self.pick(0)
        for piece in self.pieces:
            for row in piece.rows if isinstance(piece, Either) else ():
                yield from row.covering()


def read_row(text: str) -> Row:
    """Read a text with or without alternatives; names stay as they are written.

    Raises:
        TemplateError: nested too deeply, more than MAX_COMBINATIONS, or weights as other programs write them.

    """
    tokens, closes = _marks(text)
    row = _row(text, tokens, closes, 0, len(tokens), 0, len(text), 0)
    if row.count > MAX_COMBINATIONS:
        raise TemplateError(
            f"has {row.count} combinations of alternatives, at most {MAX_COMBINATIONS} are taken",
            "Make a variable of one of them in `matrix`",
        )
    return row


def _marks(text: str) -> tuple[list[re.Match[str]], dict[int, int]]:
    """The braces and bars of a text, and for each opening one its closing one.

    Outside of braces a doubled one is a literal and no mark; what has no partner is left to the template's reader.
    """
    marks: list[re.Match[str]] = []
    closes: dict[int, int] = {}
    opened: list[int] = []
    skip = -1
    for found in _TOKEN.finditer(text):
        here, at = found.group(), found.start()
        if at == skip:
            continue
        if here != "|" and not opened and text.startswith(here * 2, at):
            skip = at + 1
            continue
        if here == "{":
            opened.append(len(marks))
        elif here == "}" and opened:
            closes[opened.pop()] = len(marks)
        marks.append(found)
    return marks, closes


def _row(  # noqa: PLR0913, PLR0917 - a piece of text is its tokens and its characters
    text: str, tokens: list[re.Match[str]], closes: dict[int, int], k: int, stop: int, start: int, end: int, depth: int
) -> Row:
    """The row of tokens k..stop, characters start..end."""
    pieces: list[str | Either] = []
    while k < stop:
        close = closes.get(k)
        bars = _bars(tokens, closes, k + 1, close) if close is not None else []
        if close is None or not bars:
            k = k + 1 if close is None else close + 1  # a name, or a brace that the template's reader will judge
            continue
        if depth >= MAX_NESTING:
            raise TemplateError("nests alternatives too deeply", f"At most {MAX_NESTING} levels")
        pieces.append(text[start : tokens[k].start()])
        rows = []
        for first, last in zip([k, *bars], [*bars, close], strict=True):
            begin, finish = tokens[first].end(), tokens[last].start()
            if _FOREIGN.match(text, begin, finish):
                raise TemplateError(
                    f"has a weight or a number of picks: {text[begin:finish][:40]!r}", "Write plain alternatives: {a|b}"
                )
            rows.append(_row(text, tokens, closes, first + 1, last, begin, finish, depth + 1))
        pieces.append(_either(tuple(rows)))
        start = tokens[close].end()
        k = close + 1
    pieces.append(text[start:end])
    whole = tuple(piece for piece in pieces if piece != "")
    return Row(whole, reduce(lambda n, piece: n * (1 if isinstance(piece, str) else piece.count), whole, 1))


def _bars(tokens: list[re.Match[str]], closes: dict[int, int], k: int, close: int) -> list[int]:
    """The bars that belong to this very brace."""
    bars = []
    while k < close:
        if tokens[k].group() == "|":
            bars.append(k)
        k = closes.get(k, k) + 1
    return bars


def _either(rows: tuple[Row, ...]) -> Either:
    ends = tuple(accumulate(row.count for row in rows))
    return Either(rows, (0, *ends[:-1]), ends[-1])


def has_choices(value: object) -> bool:
    """Whether a prompt (text, or texts with weights) holds alternatives."""
    if isinstance(value, str):
        return "{" in value and "|" in value and read_row(value).count > 1
    if isinstance(value, tuple):
        return any(has_choices(part.text) for part in value)
    return False


@dataclass(frozen=True, slots=True)
class Choices(Sequence[FieldValue]):
    """The column of a prompt (or negative prompt) with alternatives: every combination of every text as written."""

    written: tuple[FieldValue, ...]
    _parts: tuple[tuple[Row, ...], ...] = field(compare=False, repr=False)
    _starts: tuple[int, ...] = field(compare=False, repr=False)
    _count: int = field(compare=False, repr=False)

    @classmethod
    def of(cls, written: Sequence[FieldValue]) -> "Choices":
        """The column of these values.

        Raises:
            TemplateError: see `read_row`; more than MAX_COMBINATIONS in all, or far too much text.

        """
        parts = tuple(tuple(read_row(text) for text in _texts(value)) for value in written)
        ends = tuple(accumulate(_product(rows) for rows in parts))
        count = ends[-1]
        size = sum(_product(rows) * sum(row.longest() for row in rows) for rows in parts)
        if count > MAX_COMBINATIONS or size > MAX_EXPANDED:
            raise TemplateError(
                f"has {count} combinations of alternatives with {size} characters, "
                f"at most {MAX_COMBINATIONS} with {MAX_EXPANDED} are taken",
                "Make a variable of one of them in `matrix`",
            )
        return cls(tuple(written), parts, (0, *ends[:-1]), count)

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, k: int) -> FieldValue: ...
    @overload
    def __getitem__(self, k: slice) -> tuple[FieldValue, ...]: ...
    def __getitem__(self, k: int | slice) -> FieldValue | tuple[FieldValue, ...]:
        if isinstance(k, slice):
            return tuple(self[j] for j in range(*k.indices(self._count)))
        if not -self._count <= k < self._count:
            raise IndexError(k)
        k %= self._count
        at = bisect_right(self._starts, k) - 1
        k -= self._starts[at]
        texts: list[str] = []
        for row in reversed(self._parts[at]):
            k, here = divmod(k, row.count)
            texts.append(row.pick(here))
        return _with_texts(self.written[at], tuple(reversed(texts)))

    def covering(self) -> Iterator[FieldValue]:
        """Values that hold every alternative at least once, so that checks need not visit them all."""
        for value, rows in zip(self.written, self._parts, strict=True):
            first = tuple(row.pick(0) for row in rows)
            for n, row in enumerate(rows):
                for text in row.covering():
                    yield _with_texts(value, (*first[:n], text, *first[n + 1 :]))

    def repeated(self) -> FieldValue | None:
        """A value that stands in it twice, None where there is none. Looks at all of them, a digest at a time."""
        seen: set[bytes] = set()
        for value in self:
            digest = blake2b(repr(value).encode("utf-8", "surrogatepass"), digest_size=16).digest()
            if digest in seen:
                return value
            seen.add(digest)
        return None

    def longest(self) -> int:
        """Characters of the longest value."""
        return max(sum(row.longest() + 8 for row in rows) for rows in self._parts)


def _product(rows: tuple[Row, ...]) -> int:
    return reduce(lambda n, row: n * row.count, rows, 1)


def _texts(value: FieldValue) -> tuple[str, ...]:
    return tuple(part.text for part in value) if isinstance(value, tuple) else (str(value),)


def _with_texts(value: FieldValue, texts: tuple[str, ...]) -> FieldValue:
    if not isinstance(value, tuple):
        return texts[0]
    prompt: PromptText = tuple(replace(part, text=text) for part, text in zip(value, texts, strict=True))
    return prompt


def expanded(value: FieldValue) -> tuple[FieldValue, ...]:
    """Every combination of one value; itself where it has no alternatives.

    Raises:
        TemplateError: as `Choices.of`.

    """
    return tuple(Choices.of((value,))) if has_choices(value) else (value,)
