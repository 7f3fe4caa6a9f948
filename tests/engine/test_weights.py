"""The small weights are the same everywhere, whoever makes them first."""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from jobs.errors import ModelUnavailable
from worker.engine.weights import generated_folder


def digests(folder: Path) -> dict[str, str]:
    """Each file's hash by its path."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_two_makings_are_equal_to_the_byte(cache_dir: Path, tmp_path: Path) -> None:
    first = digests(generated_folder("tiny", "1", cache_dir))

    second = digests(generated_folder("tiny", "1", tmp_path))

    assert first == second
    assert "unet/diffusion_pytorch_model.safetensors" in first


def test_a_making_that_comes_second_leaves_the_first_alone(cache_dir: Path, tmp_path: Path) -> None:
    expected = digests(generated_folder("tiny", "1", cache_dir))

    with ThreadPoolExecutor(3) as makers:
        folders = set(makers.map(lambda _: generated_folder("tiny", "1", tmp_path), range(3)))

    assert len(folders) == 1
    assert digests(folders.pop()) == expected
    assert [path.name for path in (tmp_path / "models").iterdir()] == ["tiny-1"]


def test_weights_that_nobody_makes_are_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match="'huge'"):
        generated_folder("huge", "1", tmp_path)


def test_a_cache_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "models").write_text("a file where a folder should be")

    with pytest.raises(ModelUnavailable, match="cache_dir") as refusal:
        generated_folder("tiny", "1", tmp_path)

    assert "PENTIMENTO_CACHE_DIR" in refusal.value.remedy
