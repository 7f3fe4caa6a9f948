"""The painter's pictures are repeatable, differ by seed, and are drawn at any size."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from worker.painter import SCENES, paint


@pytest.mark.parametrize("scene", SCENES)
def test_a_scene_is_repeatable_and_another_seed_is_another_picture(scene: str) -> None:
    one, again, other = (np.asarray(paint(scene, size=64, seed=seed)) for seed in (5, 5, 6))

    assert one.shape == (64, 64, 3)
    assert np.array_equal(one, again)
    assert np.abs(one.astype(int) - other).mean() > 1


@pytest.mark.parametrize("scene", SCENES)
def test_a_scene_looks_the_same_at_any_size(scene: str) -> None:
    small = paint(scene, size=96, seed=2)
    large = paint(scene, size=400, seed=2).resize((96, 96), Image.Resampling.LANCZOS)

    assert np.abs(np.asarray(small).astype(int) - np.asarray(large)).mean() < 4


def test_the_smallest_size_is_still_a_picture() -> None:
    assert len(np.unique(np.asarray(paint("boat", size=16, seed=1)).reshape(-1, 3), axis=0)) > 50


@pytest.mark.parametrize(("scene", "size"), [("moon", 64), ("boat", 15), ("boat", 4097)])
def test_what_cannot_be_painted_is_an_error_that_names_it(scene: str, size: int) -> None:
    with pytest.raises(ValueError, match=r"moon|15|4097"):
        paint(scene, size=size, seed=1)


def test_the_command_writes_each_scene_once_before_any_twice(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "worker.painter", str(tmp_path / "init"), "--size", "32", "--count", "7"]
    subprocess.run(command, check=True, timeout=60)

    names = sorted(path.name for path in (tmp_path / "init").iterdir())

    assert names == sorted([*(f"{scene}.png" for scene in SCENES), f"{SCENES[0]}-2.png"])
    with Image.open(tmp_path / "init" / "boat.png") as image:
        assert image.size == (32, 32)
