"""The contact sheet shows every cell in its place, bounded, and says what it leaves out."""

import io
from collections.abc import Iterator, Mapping

import numpy as np
import pytest
from PIL import Image

from jobs.variant import Scalar
from worker.output.sheet import (
    LINE_CELLS,
    THUMBNAIL_PIXELS,
    Cell,
    Pixels,
    _common,
    _Layout,
    _layout,
    _said,
    _Thumbnail,
    contact_sheet,
)

COLOURS = [(200, 30, 30), (30, 160, 60), (40, 60, 200), (240, 200, 40), (160, 40, 180), (20, 170, 170)]


def _plain(colour: tuple[int, int, int], width: int = 64, height: int = 64) -> Pixels:
    return np.full((height, width, 3), colour, dtype=np.uint8)


def _opened(data: bytes) -> Pixels:
    with Image.open(io.BytesIO(data)) as image:
        return np.array(image.convert("RGB"))


def _thumbnails(*labels: Mapping[str, str]) -> list[_Thumbnail]:
    return [_Thumbnail(label, None, "") for label in labels]


def _middle(layout: _Layout, block: int, place: int, cells: int) -> tuple[int, int]:
    x, y = layout.at(place)
    top = layout.top + block * (layout.block_height(cells) + 20)
    return top + y + THUMBNAIL_PIXELS // 2, x + THUMBNAIL_PIXELS // 2


def test_every_picture_stands_in_its_row_and_column() -> None:
    strengths = (0.3, 0.5, 0.7)
    cells = [
        Cell(image, {"strength": strength}, _plain(COLOURS[row * 3 + column], 200, 200))
        for row, image in enumerate(("boat", "house"))
        for column, strength in enumerate(strengths)
    ]
    inits = {"boat": _plain((1, 2, 3), 300, 300), "house": _plain((250, 250, 1), 300, 300)}

    sheet = _opened(contact_sheet(cells, inits=inits, title="demo", total=6))

    layout = _layout({name: _thumbnails(*({"strength": f"{s:g}"} for s in strengths)) for name in inits}, {})
    for row in range(2):
        for column in range(3):
            y, x = _middle(layout, row, column, 3)
            assert tuple(sheet[y, x]) == COLOURS[row * 3 + column]
    y, _ = _middle(layout, 1, 0, 3)
    assert tuple(sheet[y, 100]) == (250, 250, 1)


@pytest.mark.parametrize("width", [400, 96])
def test_pictures_keep_their_shape_and_fill_their_cells(width: int) -> None:
    wide = Cell("a", {}, _plain((200, 30, 30), width, width // 4))

    sheet = _opened(contact_sheet([wide], inits={}, title="t", total=1))

    red = np.argwhere((sheet == (200, 30, 30)).all(axis=2))
    height, width = np.ptp(red, axis=0) + 1
    assert (height, width) == (48, THUMBNAIL_PIXELS - 2)  # the frame takes a pixel at either end


def test_cells_are_pulled_one_by_one_and_no_further_than_the_bound() -> None:
    pulled = []

    def endless() -> Iterator[Cell]:
        number = 0
        while True:
            pulled.append(number)
            yield Cell("a", {"number": number}, _plain(COLOURS[number % 6], 512, 512))
            number += 1

    sheet = _opened(contact_sheet(endless(), inits={}, title="t", total=10**9, max_cells=30))

    assert len(pulled) == 30
    assert sheet.shape[1] < 2500
    assert sheet.shape[0] < 2000


def test_a_variant_without_a_picture_keeps_its_place() -> None:
    cells = [Cell("a", {"n": 1}, None, "out_of_memory"), Cell("a", {"n": 2}, _plain(COLOURS[0]))]
    layout = _layout({"a": _thumbnails({"n": "1"}, {"n": "2"})}, {})

    sheet = _opened(contact_sheet(cells, inits={}, title="t", total=2))

    y, x = _middle(layout, 0, 0, 2)
    box = sheet[y - 20 : y + 20, x - 80 : x + 80]
    assert tuple(box[0, 0]) == (239, 236, 229)
    assert box.min() < 160  # the reason is written there
    y, x = _middle(layout, 0, 1, 2)
    assert tuple(sheet[y, x]) == COLOURS[0]


def test_what_all_cells_share_is_said_once() -> None:
    labels = [{"sampler": "ddim", "steps": "30", "n": "1"}, {"sampler": "ddim", "steps": "30", "n": "2"}]

    assert _common(labels) == {"sampler": "ddim", "steps": "30"}
    assert _common([{"n": "1"}]) == {}
    assert _common([]) == {}


def test_labels_stand_once_where_all_blocks_have_the_same_columns() -> None:
    same = {"a": _thumbnails({"n": "1"}, {"n": "2"}), "b": _thumbnails({"n": "1"}, {"n": "2"})}
    other = {"a": _thumbnails({"n": "1"}, {"n": "2"}), "b": _thumbnails({"n": "1"}, {"n": "3"})}
    long = {"a": _thumbnails(*({"n": str(n)} for n in range(LINE_CELLS + 1)))}

    assert [_layout(blocks, {}).heads for blocks in (same, other, long)] == [True, False, False]


@pytest.mark.parametrize(("cells", "columns"), [(1, 1), (8, 8), (10, 5), (12, 6), (20, 5), (11, 8), (24, 8)])
def test_long_blocks_break_where_lines_come_out_even(cells: int, columns: int) -> None:
    block = {"a": _thumbnails(*({"n": str(n)} for n in range(cells)))}

    assert _layout(block, {}).columns == columns


@pytest.mark.parametrize(
    "text", ["", "x" * 5000, "日本語 ★ 🚀", "two\nlines\tand\x00controls", "<script>alert(1)</script>", "\ud800"]
)
def test_any_text_can_be_written(text: str) -> None:
    coordinates: Mapping[str, Scalar] = {text[:50]: text}

    data = contact_sheet([Cell(text, coordinates, None, text)], inits={}, title=text, total=3)

    assert _opened(data).shape[2] == 3


def test_a_job_without_cells_has_a_sheet_too() -> None:
    assert _opened(contact_sheet([], inits={}, title="empty", total=0)).shape[2] == 3


def test_the_same_job_gives_the_same_sheet() -> None:
    cells = [Cell("a", {"strength": 0.35}, _plain(COLOURS[0]))]

    assert contact_sheet(cells, inits={}, title="t", total=1) == contact_sheet(cells, inits={}, title="t", total=1)


def test_numbers_are_written_as_people_write_them() -> None:
    assert [_said(value) for value in (0.35, 7.0, 30, "ddim", 0.1 + 0.2)] == ["0.35", "7", "30", "ddim", "0.3"]
