"""Style presets: those that ship, and a user's own."""

from pathlib import Path

import pytest

from api.stability.presets import find, load_presets
from jobs.errors import InvalidSpec

NAMES = [
    "enhance",
    "anime",
    "photographic",
    "digital-art",
    "comic-book",
    "fantasy-art",
    "line-art",
    "analog-film",
    "neon-punk",
    "isometric",
    "low-poly",
    "origami",
    "modeling-compound",
    "cinematic",
    "3d-model",
    "pixel-art",
    "tile-texture",
]


def test_every_preset_that_clients_offer_is_there() -> None:
    assert set(NAMES) == set(load_presets(None))


def test_a_users_file_adds_and_replaces(tmp_path: Path) -> None:
    path = tmp_path / "presets.toml"
    path.write_text(
        '[anime]\nprompt = "mine: {prompt}"\n[woodcut]\nprompt = "woodcut of {prompt}"\nnegative = "grey"\n'
    )

    presets = load_presets(path)

    assert find(presets, "anime").around("x") == "mine: x"
    assert find(presets, "WoodCut").negative == "grey"
    assert len(presets) == len(NAMES) + 1


@pytest.mark.parametrize(
    "text", ['[a]\nprompt = "no slot"', "[a]\nnegative = 'x'", 'a = "{prompt}"', "[a", "[a]\nx = 1"]
)
def test_a_wrong_file_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "presets.toml"
    path.write_text(text)

    with pytest.raises(InvalidSpec):
        load_presets(path)


def test_an_unknown_preset_names_the_nearest() -> None:
    with pytest.raises(InvalidSpec, match="pixel-art"):
        find(load_presets(None), "pixelart")
