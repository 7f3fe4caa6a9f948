"""Ranges of numbers without float drift and without a list: 0.1 in steps of 0.1 is 0.1, 0.2, 0.3 exactly as written.

Decimals are kept as integers over one denominator, and Python's integer division rounds correctly, so each value is the
float nearest to the decimal. A million values cost as little as ten.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import overload

MAX_VALUES = 1_000_000


@dataclass(frozen=True, slots=True)
class Span(Sequence[float]):
    """`(start + k × step) / scale` for k in 0..length − 1; integers where `whole`, else floats."""

    start: int
    step: int
    scale: int
    length: int
    whole: bool

    def __len__(self) -> int:
        return self.length

    @overload
    def __getitem__(self, k: int) -> float: ...
    @overload
    def __getitem__(self, k: slice) -> tuple[float, ...]: ...
    def __getitem__(self, k: int | slice) -> float | tuple[float, ...]:
        if isinstance(k, slice):
            return tuple(self[j] for j in range(*k.indices(self.length)))
        if not -self.length <= k < self.length:
            raise IndexError(k)
        number = self.start + (k % self.length) * self.step
        return number // self.scale if self.whole else number / self.scale

    def __contains__(self, value: object) -> bool:
        """Whether the value is one of them, without looking at each."""
        if not isinstance(value, int | float) or self.length == 1:
            return self.length == 1 and value == self[0]
        near = round((Fraction(value) * self.scale - self.start) / self.step)
        return any(0 <= k < self.length and self[k] == value for k in (near - 1, near, near + 1))

    def mirrored(self) -> "Span":
        """One minus each value: image strength to strength.

        Raises:
            ValueError: more than 12 decimals, which no float between 0.1 and 1 would hold without loss.

        """
        ends = (Fraction(self.start, self.scale), Fraction(self.start + (self.length - 1) * self.step, self.scale))
        if any(10**12 % end.denominator for end in ends):
            raise ValueError("an end has more than 12 decimals")
        return Span(self.scale - self.start, -self.step, self.scale, self.length, whole=False)


def stepped(first: float, last: float, step: float, *, whole: bool) -> Span:
    """`first`, `first + step`, … up to and with `last`.

    Raises:
        ValueError: a step of 0 or in the wrong direction, more than a million values, integers asked for and not given.

    """
    a, b, s = _exact(first), _exact(last), _exact(step)
    if s == 0:
        raise ValueError("the step is 0")
    count = (b - a) // s + 1
    if count < 1:
        raise ValueError(f"the step leads away from {last:g}, so the range is empty")
    return _span(a, s, count, whole=whole)


def spaced(first: float, last: float, count: int, *, whole: bool) -> Span:
    """`count` values from `first` to `last`, evenly.

    Raises:
        ValueError: fewer than 2 values, equal ends, more than a million values, integers asked for and not given.

    """
    if count < 2:
        raise ValueError(f"a linspace has at least 2 values, not {count}")
    a, b = _exact(first), _exact(last)
    if a == b:
        raise ValueError("both ends are equal, so all values would be")
    return _span(a, (b - a) / (count - 1), count, whole=whole)


def _exact(number: float) -> Fraction:
    return Fraction(Decimal(repr(number)))


def _span(start: Fraction, step: Fraction, count: int, *, whole: bool) -> Span:
    if count > MAX_VALUES:
        raise ValueError(f"that is {count} values; an axis has at most {MAX_VALUES}")
    if whole and (start.denominator != 1 or step.denominator != 1):
        raise ValueError("the values would not be whole numbers")
    if abs(step) < max(abs(start), abs(start + step * (count - 1))) / 10**12:
        raise ValueError("the values would be too close to tell apart")
    scale = start.denominator * step.denominator
    return Span(int(start * scale), int(step * scale), scale, count, whole)
