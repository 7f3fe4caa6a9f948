"""JSONL and CSV: one variant a line, as spreadsheets and scripts write them, read as a document whose images are lines.

A line names its image and whatever else is its own, `{"custom_id": "a1", "image": "boat.png", "seed": 7}`, or the same
within `body`, as OpenAI's batches have it. What all lines say alike is said once in the document.
"""

import csv
import io
from collections.abc import Iterator, Mapping
from typing import Literal

from jobs.manifest.json_text import read_json
from jobs.manifest.refusal import refuse
from jobs.manifest.yaml_text import plain
from jobs.spec import Path
from jobs.spec.fields import ALIASES, FIELDS, MAX_IMAGES
from jobs.spec.problems import Problems

RowsFormat = Literal["jsonl", "csv"]
Row = tuple[int, dict[str, object]]

_ABOUT_IMAGE = ("id", "name", "custom_id")
_BATCH = ("method", "url")
_NUMBERS = {name for name, field in FIELDS.items() if field.kind in {"number", "integer"}} | set(ALIASES)


def read_rows(text: str, source: str, form: RowsFormat) -> Iterator[Row]:
    """Each line that is not empty, as its 1-based number and its keys.

    Raises:
        InvalidSpec: a line that is no object, or a table that is none; the first such line only.

    """
    yield from _jsonl(text, source) if form == "jsonl" else _csv(text, source)


def _jsonl(text: str, source: str) -> Iterator[Row]:
    for number, line in enumerate(io.StringIO(text), 1):
        if not line.strip():
            continue
        row = read_json(line, source, first_line=number)
        if not isinstance(row, dict):
            refuse(
                source, "a line is an object", remedy='Write {"image": "…", "prompt": "…"} in each line', line=number
            )
        yield number, _opened(row, source, number)


def _opened(row: dict[str, object], source: str, line: int) -> dict[str, object]:
    """What a batch line's `body` holds, beside its `custom_id`."""
    body = row.get("body")
    if body is None:
        return row
    if not isinstance(body, dict):
        refuse(source, "body is an object", line=line)
    outside = {key: value for key, value in row.items() if key != "body" and key not in _BATCH}
    twice = outside.keys() & body.keys()
    if twice:
        refuse(source, f"{min(twice)} is said beside body and in it", remedy="Keep one of them", line=line)
    return {**outside, **body}


def _csv(text: str, source: str) -> Iterator[Row]:
    head = text.partition("\n")[0]
    delimiter = max(",;\t", key=head.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        names = [name.strip() for name in next(reader, [])]
        if len(set(names)) != len(names) or not all(names):
            refuse(source, "the first line names each column, once", remedy="Start with image,prompt,…", line=1)
        for cells in reader:
            if not any(cells):
                continue
            if len(cells) != len(names):
                said = f"has {len(cells)} cells, the first line names {len(names)}"
                refuse(source, said, remedy='Put text with commas in "quotes"', line=reader.line_num)
            filled = zip(names, cells, strict=True)
            yield reader.line_num, {name: _typed(name, cell) for name, cell in filled if cell != ""}
    except csv.Error as wrong:
        refuse(source, f"not CSV: {wrong}", line=reader.line_num)


def _typed(name: str, cell: str) -> object:
    """Cells are text; only where a number is wanted they are read as one."""
    return plain(cell.strip()) if name in _NUMBERS else cell


def row_image(row: Mapping[str, object]) -> dict[str, object]:
    """A row as an item of `images`."""
    image: dict[str, object] = {key: row[key] for key in _ABOUT_IMAGE if key in row}
    if "uri" in row:
        image.update({key: row[key] for key in ("uri", "image") if key in row})
    elif "image" in row:
        image["uri"] = row["image"]
    own = {key: value for key, value in row.items() if key not in {*_ABOUT_IMAGE, "image", "uri"} and value is not None}
    return {**image, "set": own} if own else image


def rows_document(
    text: str, source: str, form: RowsFormat, given: Mapping[str, object]
) -> tuple[dict[str, object], dict[Path, int]]:
    """The document of a manifest of rows, and the lines of its paths. `given`: fields that are said elsewhere.

    Raises:
        InvalidSpec: no rows, too many, or rows without a model or a prompt.

    """
    images: list[dict[str, object]] = []
    lines: dict[Path, int] = {}
    for line, row in read_rows(text, source, form):
        lines["images", len(images)] = line
        images.append(row_image(row))
        if len(images) > MAX_IMAGES:
            remedy = "Put it in a store, and name it as a table: images: [{table: s3://…}]"
            refuse(source, f"more than {MAX_IMAGES:,} rows", remedy=remedy)
    if not images:
        refuse(source, "the manifest is empty", remedy="Write one variant a line", line=1)
    problems = Problems(source=source, lines=lines.get)
    document = {name: value for name in FIELDS if (value := _shared(images, name, given, problems)) is not None}
    problems.raise_any()
    lines.update({(name,): lines["images", 0] for name in document})
    return {**document, "images": images}, lines


def _shared(images: list[dict[str, object]], name: str, given: Mapping[str, object], problems: Problems) -> object:
    """A field's value for the document: what all rows say, or for those that must be there the first row's.

    What is given elsewhere takes the place of what every row says; where some rows don't, it is for those.
    """
    own = [image["set"] for image in images if isinstance(image.get("set"), dict)]
    said = [settings[name] for settings in own if isinstance(settings, dict) and name in settings]
    everywhere = len(said) == len(images)
    if name in given:
        if everywhere:
            _take_out(images, name)
        return None
    if everywhere and _one(said[0]) and all(value == said[0] for value in said):
        _take_out(images, name)
        return said[0]
    if not FIELDS[name].required:
        return None
    if not said:
        problems.add(("images", 0), f"no line says a {name}", remedy=f"Add a column, or say it for all: -S {name}=…")
        return None
    for k, image in enumerate(images):
        settings = image.get("set")
        if not isinstance(settings, dict) or name not in settings:
            problems.add(("images", k), f"has no {name}", remedy=f"Give it one, or all that have none: -S {name}=…")
    return said[0]


def _take_out(images: list[dict[str, object]], name: str) -> None:
    """Take a field that every row says out of the rows."""
    for image in images:
        settings = image["set"]
        if isinstance(settings, dict):
            del settings[name]
        if not settings:
            del image["set"]


def _one(value: object) -> bool:
    """Whether a value can only be one value, and would make no axis of the document."""
    return isinstance(value, str | int | float) or (isinstance(value, list) and all(isinstance(v, dict) for v in value))
