"""A mask lies over its image as it was painted: same shape, black repainted, the edge as soft as asked."""

import io
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from jobs.errors import BadImage, ImageNotFound
from jobs.settings import Settings
from jobs.storage import open_storage
from worker.intake import InitPixels, Intake
from worker.intake.mask import MaskPixels


def png(picture: Image.Image) -> bytes:
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


def half(width: int, height: int, mode: str = "L") -> Image.Image:
    """White on the left, black on the right."""
    picture = Image.new(mode, (width, height), "white")
    picture.paste("black", (width // 2, 0, width, height))
    return picture


@pytest.fixture
def intake(tmp_path: Path) -> Intake:
    settings = Settings.model_validate({"output_uri": f"file://{tmp_path}/out", "input_roots": (tmp_path,)})
    (tmp_path / "init.png").write_bytes(png(Image.new("RGB", (80, 48), "teal")))
    return Intake(open_storage(settings), settings)


def init(intake: Intake, folder: Path) -> InitPixels:
    return intake.init_image(
        f"file://{folder}/init.png", caller="me", width=None, height=None, multiple=16, max_pixels=10_000, mode="cover"
    )


def mask(intake: Intake, folder: Path, image: InitPixels, *, feather: float = 0) -> MaskPixels:
    return intake.mask(f"file://{folder}/mask.png", image, caller="me", mode="cover", feather_pixels=feather)


@pytest.mark.parametrize("mode", ["L", "RGB", "1"])
@pytest.mark.parametrize("size", [(80, 48), (40, 24), (160, 96)])
def test_black_is_repainted_whatever_its_size_and_colours(
    mode: str, size: tuple[int, int], intake: Intake, tmp_path: Path
) -> None:
    (tmp_path / "mask.png").write_bytes(png(half(*size, mode)))
    image = init(intake, tmp_path)

    kept: NDArray[np.uint8] = mask(intake, tmp_path, image).kept

    assert kept.shape == image.pixels.shape[:2]
    assert (kept[:, :36] >= 250).all()
    assert (kept[:, 44:] <= 5).all()


def test_a_feather_spreads_the_edge_about_as_far_as_asked(intake: Intake, tmp_path: Path) -> None:
    (tmp_path / "mask.png").write_bytes(png(half(80, 48)))
    image = init(intake, tmp_path)

    soft = mask(intake, tmp_path, image, feather=16).kept[24].astype(int)

    assert soft[0] == 255
    assert soft[-1] == 0
    assert (np.diff(soft) <= 0).all()
    between = ((soft > 5) & (soft < 250)).sum()
    assert 10 <= between <= 22


def test_another_shape_than_the_images_is_refused_with_both(intake: Intake, tmp_path: Path) -> None:
    (tmp_path / "mask.png").write_bytes(png(half(48, 48)))

    with pytest.raises(BadImage, match="48 × 48 pixels, its image 80 × 48") as refused:
        mask(intake, tmp_path, init(intake, tmp_path))

    assert "mask.png" in str(refused.value)


def test_a_mask_that_is_not_there_is_named(intake: Intake, tmp_path: Path) -> None:
    with pytest.raises(ImageNotFound, match=r"mask\.png"):
        mask(intake, tmp_path, init(intake, tmp_path))
