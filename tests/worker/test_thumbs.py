"""Thumbnails lie beside the pictures, and a store that does not take them costs nothing else."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from jobs.keys import init_copy_uri, init_thumb_uri, thumb_uri
from jobs.spec import parse_spec
from jobs.storage.files import FileStorage
from jobs.sweep import Sweep
from worker.backends import Order
from worker.results.thumbs import Thumbs


def _order(uri: str, index: int = 0) -> Order:
    spec = {"images": [{"uri": uri, "name": "boot"}], "model": "tiny", "prompt": "x", "samples": 2}
    variant = Sweep(parse_spec(spec, source="a test"))[index]
    return Order(variant, np.full((512, 768, 3), 90, dtype=np.uint8), "0" * 64, "1" * 32)


def _size(storage: FileStorage, uri: str) -> tuple[int, int]:
    with Image.open(io.BytesIO(storage.read(uri, limit=1 << 20))) as image:
        return image.size


@pytest.mark.parametrize("web", [True, False])
def test_a_picture_leaves_a_small_copy_of_itself_and_of_its_init_image(tmp_path: Path, web: bool) -> None:
    storage, folder = FileStorage([tmp_path]), f"file://{tmp_path}/job/"
    thumbs = Thumbs(storage, 256)

    for index in range(2):
        order = _order("https://example.org/boot.png" if web else "upload://" + "0" * 64, index)
        thumbs.keep(folder, order, order.pixels)

    assert [_size(storage, thumb_uri(folder, index)) for index in range(2)] == [(256, 171)] * 2
    assert _size(storage, init_thumb_uri(folder, "boot")) == (256, 171)
    if web:  # pages fetch from nowhere else
        assert _size(storage, init_copy_uri(folder, "boot")) == (768, 512)
    else:
        assert storage.head(init_copy_uri(folder, "boot")) is None


def test_the_thumbnail_of_a_linked_picture_is_copied(tmp_path: Path) -> None:
    storage, order = FileStorage([tmp_path]), _order("upload://" + "0" * 64)
    thumbs = Thumbs(storage, 64)
    thumbs.keep(f"file://{tmp_path}/one/", order, order.pixels)

    thumbs.link(f"file://{tmp_path}/two/", order, thumb_uri(f"file://{tmp_path}/one/", 0))

    assert _size(storage, thumb_uri(f"file://{tmp_path}/two/", 0)) == (64, 43)
    assert _size(storage, init_thumb_uri(f"file://{tmp_path}/two/", "boot")) == (64, 43)


def test_no_thumbnail_is_no_reason_to_lose_a_picture(tmp_path: Path) -> None:
    order = _order("https://example.org/boot.png")
    closed = FileStorage([tmp_path / "elsewhere"])

    Thumbs(closed, 256).keep(f"file://{tmp_path}/job/", order, order.pixels)
    Thumbs(closed, 256).link(f"file://{tmp_path}/job/", order, f"file://{tmp_path}/gone.webp")
    Thumbs(FileStorage([tmp_path]), 0).keep(f"file://{tmp_path}/job/", order, order.pixels)

    assert not list(tmp_path.rglob("*.webp"))
