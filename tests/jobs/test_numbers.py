"""Ranges give the numbers that were written, and no list of them."""

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.spec.numbers import spaced, stepped


def test_tenths_do_not_drift() -> None:
    assert list(stepped(0.1, 0.9, 0.1, whole=False)) == [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]
    assert list(spaced(0, 1, 11, whole=False)) == [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0]
    assert list(spaced(0, 1, 4, whole=False)) == [0.0, 1 / 3, 2 / 3, 1.0]


def test_a_range_ends_at_its_last_whole_step_and_runs_either_way() -> None:
    assert list(stepped(5, 9, 2, whole=True)) == [5, 7, 9]
    assert list(stepped(5, 8, 2, whole=True)) == [5, 7]
    assert list(stepped(9, 5, -2, whole=True)) == [9, 7, 5]
    assert list(stepped(4, 4, 1, whole=True)) == [4]


@given(st.integers(-1000, 1000), st.integers(1, 300), st.integers(1, 50))
def test_a_range_of_hundredths_is_the_decimals_themselves(first: int, count: int, step: int) -> None:
    span = stepped(first / 100, (first + step * (count - 1)) / 100, step / 100, whole=False)
    assert list(span) == [(first + step * k) / 100 for k in range(count)]
    assert all(value in span for value in span)
    assert (first + step * count) / 100 not in span


def test_a_million_values_weigh_nothing() -> None:
    span = spaced(0, 1, 1_000_000, whole=False)
    assert sys.getsizeof(span) < 200
    assert span[999_999] == 1
    assert span[-1] == 1
    with pytest.raises(IndexError):
        span[1_000_000]


def test_image_strength_mirrors_without_drift() -> None:
    assert list(stepped(0.1, 0.7, 0.2, whole=False).mirrored()) == [0.9, 0.7, 0.5, 0.3]


@pytest.mark.parametrize(
    ("first", "last", "step", "whole", "why"),
    [
        (0, 1, 0, False, "step is 0"),
        (0, 1, -0.1, False, "leads away"),
        (0, 1, 1e-7, False, "10000001 values"),
        (1, 2, 0.5, True, "whole numbers"),
        (1, 1 + 1e-13, 1e-14, False, "too close"),
    ],
)
def test_a_range_that_makes_no_axis_is_refused(first: float, last: float, step: float, whole: bool, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        stepped(first, last, step, whole=whole)


@pytest.mark.parametrize(("count", "last", "why"), [(1, 1, "at least 2"), (3, 0, "equal"), (10**7, 1, "10000000")])
def test_a_linspace_that_makes_no_axis_is_refused(count: int, last: float, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        spaced(0, last, count, whole=False)
