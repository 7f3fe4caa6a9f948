"""A size is chosen by rule and told, never by surprise; what needs no filter gets none."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.errors import TooLarge
from jobs.sizes import target_size
from worker.intake.fit import fit, resize


@pytest.mark.parametrize(
    ("original", "width", "height", "expected"),
    [
        ((512, 512), None, None, (512, 512)),
        ((1000, 667), None, None, (1000, 664)),
        ((20, 10), None, None, (16, 8)),
        ((3, 3), None, None, (8, 8)),
        ((4096, 2048), None, None, (1448, 720)),
        ((640, 480), 320, None, (320, 240)),
        ((640, 480), None, 240, (320, 240)),
        ((640, 480), 100, 200, (96, 200)),
        ((6000, 100), None, None, (6000, 96)),
        ((30_000, 470), None, None, (8176, 128)),
        ((1, 64), None, None, (8, 64)),
    ],
)
def test_the_size_follows_the_rule(
    original: tuple[int, int], width: int | None, height: int | None, expected: tuple[int, int]
) -> None:
    assert target_size(original, width=width, height=height, multiple=8, max_pixels=1 << 20) == expected


def test_an_explicit_size_above_the_models_limit_is_refused_and_never_shrunk() -> None:
    with pytest.raises(TooLarge, match="2048 × 1024"):
        target_size((64, 64), width=2048, height=1024, multiple=8, max_pixels=1 << 20)


@given(
    st.tuples(st.integers(1, 32_768), st.integers(1, 32_768)).filter(lambda size: max(size) <= 64 * min(size)),
    st.sampled_from([8, 16, 32, 64]),
    st.integers(64 * 64, 1 << 22),
)
def test_every_picture_fits_the_model_and_keeps_its_shape(
    original: tuple[int, int], multiple: int, max_pixels: int
) -> None:
    width, height = target_size(original, width=None, height=None, multiple=multiple, max_pixels=max_pixels)

    assert width % multiple == height % multiple == 0
    assert 0 < width * height <= max_pixels
    ideal = min(1.0, math.sqrt(max_pixels / (original[0] * original[1])))
    if min(original) * ideal >= multiple:
        assert original[0] * ideal - multiple < width <= original[0] * ideal + 1e-3
        assert original[1] * ideal - multiple < height <= original[1] * ideal + 1e-3


def _ramp(width: int, height: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    across, down = np.meshgrid(np.linspace(0, 255, width), np.linspace(0, 255, height))
    return np.stack([across, down, np.full_like(across, 9)], axis=2).astype(np.uint8)


def test_a_picture_of_the_right_size_is_handed_on_untouched() -> None:
    pixels = _ramp(64, 32)

    assert fit(pixels, width=None, height=None, multiple=8, max_pixels=1 << 20, mode="cover") is pixels


def test_cover_cuts_evenly_and_filters_nothing_where_no_scale_changes() -> None:
    pixels = _ramp(70, 64)

    assert np.array_equal(resize(pixels, (64, 64), "cover"), pixels[:, 3:67])


def test_cover_keeps_the_middle() -> None:
    found = resize(_ramp(200, 100), (50, 50), "cover")

    assert found.shape == (50, 50, 3)
    assert abs(int(found[25, 25, 0]) - 127) < 6
    assert abs(int(found[25, 0, 0]) - 64) < 6
    assert int(found[0, 25, 1]) < 6


def test_contain_shows_everything_and_continues_the_edges() -> None:
    found = resize(_ramp(200, 100), (50, 50), "contain")

    assert found.shape == (50, 50, 3)
    assert (found[:12] == found[12]).all()
    assert int(found[25, 0, 0]) < 6
    assert int(found[25, -1, 0]) > 249


def test_stretch_changes_the_shape() -> None:
    found = resize(_ramp(200, 100), (50, 50), "stretch")

    assert int(found[0, 0].max()) < 12
    assert int(found[-1, -1, :2].min()) > 243


@pytest.mark.parametrize("mode", ["cover", "contain", "stretch"])
@pytest.mark.parametrize("size", [(8, 8), (8, 512), (512, 8), (37, 91)])
def test_every_mode_gives_exactly_the_size(mode: str, size: tuple[int, int]) -> None:
    for original in ((1, 1), (64, 1), (13, 300)):
        found = resize(_ramp(*original), size, mode)  # type: ignore[arg-type]
        assert found.shape == (size[1], size[0], 3)
        assert found.dtype == np.uint8
