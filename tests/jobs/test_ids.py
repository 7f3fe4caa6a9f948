"""Job ids sort by time and are safe wherever they stand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.ids import is_job_id, new_job_id

MOMENTS = st.integers(0, 2**48 - 1)
NOISE = st.binary(min_size=10, max_size=10)


@given(MOMENTS, NOISE)
def test_an_id_is_26_safe_characters(now_ms: int, noise: bytes) -> None:
    made = new_job_id(now_ms, noise)
    assert len(made) == 26
    assert made.isascii()
    assert made.isalnum()
    assert made == made.lower()
    assert is_job_id(made)


@given(MOMENTS, MOMENTS, NOISE, NOISE)
def test_later_ids_sort_later(one: int, other: int, noise: bytes, more: bytes) -> None:
    if one != other:
        assert (new_job_id(one, noise) < new_job_id(other, more)) == (one < other)


def test_the_known_example_of_a_ulid_is_met() -> None:
    assert new_job_id(1469918176385, b"\0" * 10).startswith("01aryz6s41")


@pytest.mark.parametrize("text", ["", "x", "01ARYZ6S410000000000000000", "8" + "0" * 25, "../" + "0" * 23, "0" * 27])
def test_other_texts_are_no_ids(text: str) -> None:
    assert not is_job_id(text)


@pytest.mark.parametrize(("now_ms", "noise"), [(-1, b"0" * 10), (2**48, b"0" * 10), (1, b"0" * 9)])
def test_what_makes_no_id_is_refused(now_ms: int, noise: bytes) -> None:
    with pytest.raises(ValueError, match=r"now_ms|random bytes"):
        new_job_id(now_ms, noise)
