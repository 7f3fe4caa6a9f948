"""The contact sheet: a whole job on one page, so that a sweep can be judged by eye.

A block for each init image: the init at the left, its variants at the right, in the order of the sweep. What is the
same in every cell is said once, under the title. Where a block fits on one line its labels stand once, above the first
block; else each cell has its own. A variant without a picture has its place, with the reason in it. The number of cells
is bounded, and the sheet says how many there are beyond.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont, ImageOps

from jobs.variant import Scalar
from worker.output.png import encode_png

MAX_CELLS = 400
THUMBNAIL_PIXELS = 192
LINE_CELLS = 8

_PAPER, _INK, _FAINT, _FRAME, _EMPTY = "#fbfaf7", "#22262b", "#767c84", "#d9d6cf", "#efece5"
_MARGIN, _GAP, _LINE, _INIT_GAP, _BLOCK_GAP = 32, 12, 17, 28, 20
_TITLE_SIZE, _TEXT_SIZE, _LABEL_SIZE = 26, 15, 13

Pixels = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Cell:
    """One variant on the sheet.

    image: the init image's name. coordinates: the other axes' values, by name. pixels: uint8 RGB, shape
    (height, width, 3), of any size; None where there is no picture, and then `note` says why in a word or two.
    """

    image: str
    coordinates: Mapping[str, Scalar]
    pixels: Pixels | None
    note: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class _Thumbnail:
    labels: Mapping[str, str]
    picture: Image.Image | None
    note: str


@dataclass(frozen=True, slots=True)
class _Layout:
    """Where things go, in pixels. `heads`: labels stand once, above the columns."""

    columns: int
    label_lines: int
    heads: bool
    top: int

    @property
    def cell_height(self) -> int:
        return THUMBNAIL_PIXELS + (0 if self.heads else self.label_lines * _LINE + 6)

    def block_height(self, cells: int) -> int:
        lines = -(-cells // self.columns)
        return max(lines * (self.cell_height + _GAP) - _GAP, THUMBNAIL_PIXELS + _LINE + 6)

    def at(self, number: int) -> tuple[int, int]:
        line, column = divmod(number, self.columns)
        left = _MARGIN + THUMBNAIL_PIXELS + _INIT_GAP
        return left + column * (THUMBNAIL_PIXELS + _GAP), line * (self.cell_height + _GAP)


def contact_sheet(
    cells: Iterable[Cell], *, inits: Mapping[str, Pixels], title: str, total: int, max_cells: int = MAX_CELLS
) -> bytes:
    """Draw the sheet as PNG bytes.

    cells: in the order of the sweep, pulled one by one and at most `max_cells` of them, so that their pictures need
    not be in memory at once. inits: the init images by name (one that is missing is left blank). total: how many
    variants the job has, for the line that says how many are not shown.
    """
    blocks: dict[str, list[_Thumbnail]] = {}
    for cell in islice(cells, max_cells):
        labels = {name: _said(value) for name, value in cell.coordinates.items()}
        picture = None if cell.pixels is None else _fitted(cell.pixels)
        blocks.setdefault(cell.image, []).append(_Thumbnail(labels, picture, cell.note))
    shown = sum(len(block) for block in blocks.values())
    common = _common([thumbnail.labels for block in blocks.values() for thumbnail in block])
    subtitle = [f"{shown:,} of {total:,} variants" if shown < total else f"{total:,} variant{'s'[: total != 1]}"]
    subtitle += [f"{name} {value}" for name, value in common.items()]
    sheet = _Sheet(_layout(blocks, common), blocks, common, title, "   ·   ".join(subtitle))
    return encode_png(np.asarray(sheet.drawn(inits)), text={"Title": title})


def _said(value: Scalar) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _fitted(pixels: Pixels) -> Image.Image:
    """As large as a cell; a small model's pictures are enlarged, or they would be lost in the middle of theirs."""
    image, cell = Image.fromarray(np.ascontiguousarray(pixels)), (THUMBNAIL_PIXELS, THUMBNAIL_PIXELS)
    image.thumbnail(cell, Image.Resampling.LANCZOS, reducing_gap=3.0)  # shrinks only
    return image if max(image.size) == THUMBNAIL_PIXELS else ImageOps.contain(image, cell, Image.Resampling.LANCZOS)


def _common(labels: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """The coordinates that every cell has, with the same value."""
    first, *others = labels or [{}]
    return {name: value for name, value in first.items() if others and all(one.get(name) == value for one in others)}


def _own_labels(thumbnail: _Thumbnail, common: Mapping[str, str]) -> list[str]:
    return [f"{name} {value}" for name, value in thumbnail.labels.items() if name not in common]


def _layout(blocks: Mapping[str, Sequence[_Thumbnail]], common: Mapping[str, str]) -> _Layout:
    rows = list(blocks.values()) or [[]]
    longest = max(1, *(len(row) for row in rows))
    # A block that needs several lines is broken where they come out even, so that an axis' values stand in columns.
    even = next((columns for columns in range(LINE_CELLS, LINE_CELLS // 2, -1) if longest % columns == 0), LINE_CELLS)
    columns = longest if longest <= LINE_CELLS else even
    heads = all(len(row) <= columns for row in rows) and len({_columns_of(row, common) for row in rows}) == 1
    lines = max((len(_own_labels(cell, common)) for row in rows for cell in row), default=0)
    top = _MARGIN + _TITLE_SIZE + 14 + _LINE + 26 + (lines * _LINE + 8 if heads else 0)
    return _Layout(columns, lines, heads, top)


def _columns_of(row: Sequence[_Thumbnail], common: Mapping[str, str]) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(_own_labels(cell, common)) for cell in row)


class _Sheet:
    """One drawing, from top to bottom."""

    def __init__(
        self,
        layout: _Layout,
        blocks: Mapping[str, Sequence[_Thumbnail]],
        common: Mapping[str, str],
        title: str,
        subtitle: str,
    ) -> None:
        self._layout, self._blocks, self._common = layout, blocks, common
        self._title, self._subtitle = title, subtitle
        self._width = layout.at(layout.columns - 1)[0] + THUMBNAIL_PIXELS + _MARGIN
        heights = [layout.block_height(len(block)) + _BLOCK_GAP for block in blocks.values()]
        self._page = Image.new("RGB", (self._width, layout.top + sum(heights) - _BLOCK_GAP + _MARGIN), _PAPER)
        self._draw = ImageDraw.Draw(self._page)
        self._fonts = {size: ImageFont.load_default(size) for size in (_TITLE_SIZE, _TEXT_SIZE, _LABEL_SIZE)}

    def drawn(self, inits: Mapping[str, Pixels]) -> Image.Image:
        inside = self._width - 2 * _MARGIN
        self._text(_MARGIN, _MARGIN - 6, self._title, _TITLE_SIZE, _INK, inside)
        self._text(_MARGIN, _MARGIN + _TITLE_SIZE + 10, self._subtitle, _TEXT_SIZE, _FAINT, inside)
        y = self._layout.top
        for number, (name, block) in enumerate(self._blocks.items()):
            if number == 0 and self._layout.heads:
                self._heads(block)
            self._init(y, name, inits.get(name))
            for place, thumbnail in enumerate(block):
                self._cell(y, place, thumbnail)
            y += self._layout.block_height(len(block)) + _BLOCK_GAP
        return self._page

    def _heads(self, block: Sequence[_Thumbnail]) -> None:
        for place, thumbnail in enumerate(block):
            x, _ = self._layout.at(place)
            labels = _own_labels(thumbnail, self._common)
            self._labels(x, self._layout.top - len(labels) * _LINE - 8, labels, _INK)

    def _init(self, y: int, name: str, pixels: Pixels | None) -> None:
        self._picture(_MARGIN, y, None if pixels is None else _fitted(pixels), "")
        self._text(_MARGIN, y + THUMBNAIL_PIXELS + 4, name, _TEXT_SIZE, _INK, THUMBNAIL_PIXELS)
        line = _MARGIN + THUMBNAIL_PIXELS + _INIT_GAP // 2
        self._draw.line((line, y, line, y + THUMBNAIL_PIXELS), fill=_FRAME, width=1)

    def _cell(self, y: int, place: int, thumbnail: _Thumbnail) -> None:
        x, down = self._layout.at(place)
        self._picture(x, y + down, thumbnail.picture, thumbnail.note or "no picture")
        if not self._layout.heads:
            self._labels(x, y + down + THUMBNAIL_PIXELS + 4, _own_labels(thumbnail, self._common), _INK)

    def _picture(self, x: int, y: int, picture: Image.Image | None, note: str) -> None:
        side = THUMBNAIL_PIXELS
        if picture is None or picture.size != (side, side):
            self._draw.rectangle((x, y, x + side - 1, y + side - 1), fill=_EMPTY)
        if picture is not None:
            self._page.paste(picture, (x + (side - picture.width) // 2, y + (side - picture.height) // 2))
        elif note:
            font = self._fonts[_LABEL_SIZE]
            said = _shortened(note, font, side - 16)
            self._draw.text((x + side // 2, y + side // 2), said, _FAINT, font, anchor="mm")
        self._draw.rectangle((x, y, x + side - 1, y + side - 1), outline=_FRAME)

    def _labels(self, x: int, y: int, labels: Sequence[str], ink: str) -> None:
        for line, label in enumerate(labels):
            self._text(x, y + line * _LINE, label, _LABEL_SIZE, ink, THUMBNAIL_PIXELS)

    def _text(self, x: int, y: int, text: str, size: int, ink: str, width: int) -> None:
        font = self._fonts[size]
        self._draw.text((x, y), _shortened(text, font, width), ink, font)


def _shortened(text: str, font: ImageFont.ImageFont | ImageFont.FreeTypeFont, width: int) -> str:
    """As much of the text as fits, with an ellipsis where something is left out."""
    text = " ".join(text[:500].split())
    if font.getlength(text) <= width:
        return text
    while text and font.getlength(f"{text}…") > width:
        text = text[:-1]
    return f"{text.rstrip()}…"
