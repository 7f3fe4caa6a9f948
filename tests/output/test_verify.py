"""A picture counts as there only if all of it decodes."""

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from worker.output.verify import main


def _png() -> bytes:
    data = io.BytesIO()
    Image.radial_gradient("L").convert("RGB").save(data, "PNG")
    return data.getvalue()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two whole pictures, one of them in a folder, beside an unfinished download and a text."""
    (tmp_path / "set").mkdir()
    for name in ("a.png", "set/b.png"):
        (tmp_path / name).write_bytes(_png())
    (tmp_path / ".c.png").write_bytes(b"")
    (tmp_path / "readme.txt").write_text("no picture")
    return tmp_path


def test_whole_pictures_in_the_right_number_pass(folder: Path) -> None:
    assert main([str(folder), "--expect", "2"]) == 0


@pytest.mark.parametrize("damage", [lambda data: data[:-200], lambda data: data[:500] + bytes(64) + data[564:]])
def test_a_damaged_picture_is_named(
    folder: Path, capsys: pytest.CaptureFixture[str], damage: Callable[[bytes], bytes]
) -> None:
    (folder / "set/b.png").write_bytes(damage(_png()))

    code = main([str(folder), "--expect", "2"])

    assert code == 1
    assert f"{folder}/set/b.png: " in capsys.readouterr().err


@pytest.mark.parametrize("expected", [1, 3])
def test_another_number_of_pictures_fails(folder: Path, capsys: pytest.CaptureFixture[str], expected: int) -> None:
    code = main([str(folder), "--expect", str(expected)])

    assert code == 1
    assert f"holds 2 pictures, not {expected}" in capsys.readouterr().err
