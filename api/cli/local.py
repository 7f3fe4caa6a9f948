"""Images of this machine that a manifest names by pattern, folder or table: listed here, because here they lie."""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from jobs.errors import InvalidSpec, Problem
from jobs.manifest.rows_text import read_rows, row_image
from jobs.manifest.table import decoded_table, table_format
from jobs.spec import JobSpec, document_of, parse_spec
from jobs.spec.fields import MAX_IMAGES
from jobs.spec.image_lines import read_image
from jobs.spec.images import MAX_NAME, has_scheme, image_names, safe_name
from jobs.spec.model import ImageSpec
from jobs.spec.patterns import Pattern, is_pattern, literal
from jobs.spec.problems import Problems
from jobs.spec.sidecars import sidecar_setting

MAX_TABLE_BYTES = 32 << 20


def expanded(spec: JobSpec, *, folder: Path, source: str) -> JobSpec:
    """The spec with each local pattern and table replaced by the images that it stands for, relative to `folder`.

    Raises:
        InvalidSpec: a line that stands for nothing or too much, or rows that can't be read.
        OSError: a folder or file can't be read.

    """
    if not any(image.kind != "image" and not has_scheme(image.uri) for image in spec.images):
        return spec
    images: list[ImageSpec] = []
    names = [name for name, image in zip(image_names(spec.images), spec.images, strict=True) if image.kind == "image"]
    taken = {name.lower() for name in names}
    written = iter(names)
    for k, image in enumerate(spec.images):
        if image.kind == "image":
            images.append(replace(image, name=next(written)))
            continue
        if has_scheme(image.uri):
            images.append(image)
            continue
        found = list(_listed(image, folder, taken) if image.kind == "pattern" else _rows(image, folder))
        if not found and image.kind == "pattern" and (folder / image.uri).is_file():
            found = [replace(image, kind="image", name=_free(safe_name(Path(image.uri).stem), taken))]
        if not found or len(images) + len(found) > MAX_IMAGES:
            message = "stands for no image at all" if not found else f"makes more than {MAX_IMAGES:,} images"
            remedy = f"Patterns are relative to the manifest's folder, {folder.resolve()}"
            remedy = "Put them in a store: images: [s3://…/]; or split the job" if found else remedy
            raise InvalidSpec([Problem(f"images[{k}]", message, image.uri, remedy)], source=source)
        images += found
    # Read again as a document: every check of images now looks at each of these. A file's name is no pattern, whatever
    # is in it, so others stand in for those that look like one.
    plain = [replace(image, uri=f"listed/{k}") if _odd(image) else image for k, image in enumerate(images)]
    checked = parse_spec(document_of(replace(spec, images=tuple(plain))), source=source)
    named = zip(checked.images, images, strict=True)
    return replace(checked, images=tuple(replace(image, uri=listed.uri) for image, listed in named))


def _odd(image: ImageSpec) -> bool:
    return image.kind == "image" and is_pattern(image.uri)


def _listed(source: ImageSpec, folder: Path, taken: set[str]) -> Iterator[ImageSpec]:
    pattern = Pattern.of(source.uri)
    problems = Problems(source=source.uri)
    for path in sorted(_files(folder / pattern.folder, pattern.folder)):
        if not pattern.matches(path):
            continue
        name = _free(pattern.name(path), taken)
        text = (folder / path).with_suffix(".txt")
        settings = source.settings
        if source.sidecar and text.is_file():
            said = sidecar_setting(problems, source.sidecar, text.read_bytes())
            problems.raise_any()
            settings = {**settings, source.sidecar: said} if said is not None else settings
        yield ImageSpec(f"./{path}" if has_scheme(path) else path, name, settings)


def _free(wanted: str, taken: set[str]) -> str:
    """The name, or the first with a number that is not taken; taken from now on."""
    name, number = wanted, 1
    while name.lower() in taken:
        number += 1
        name = f"{wanted[: MAX_NAME - 8]}-{number}"
    taken.add(name.lower())
    return name


def _files(folder: Path, prefix: str) -> Iterator[str]:
    """Every file below, as the pattern would write it; hidden ones and linked folders are passed over."""
    for root, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        below = Path(root).relative_to(folder).as_posix()
        start = prefix if below == "." else f"{prefix}{below}/"
        yield from (f"{start}{name}" for name in names if not name.startswith("."))


def _rows(source: ImageSpec, folder: Path) -> Iterator[ImageSpec]:
    path = folder / source.uri
    if not path.is_file():
        raise InvalidSpec([Problem("images", "no such table", source.uri, f"Looked in {folder.resolve()}")])
    if path.stat().st_size > MAX_TABLE_BYTES:
        remedy = "Split it: images: [{table: one.csv}, {table: two.csv}]"
        raise InvalidSpec([Problem("images", f"a table of more than {MAX_TABLE_BYTES:,} bytes", source.uri, remedy)])
    lines: dict[tuple[str | int, ...], int] = {}
    problems = Problems(source=str(path), lines=lines.get)
    text = decoded_table(path.read_bytes(), str(path))
    for line, row in read_rows(text, str(path), table_format(source.uri)):
        lines["row",] = line
        image = read_image(problems, row_image(row), ("row",))
        if image is None:
            continue
        image = image if has_scheme(image.uri) else literal(image)
        uri = image.uri if has_scheme(image.uri) else str(Path(source.uri).parent / image.uri)
        yield replace(image, uri=uri, settings={**source.settings, **image.settings})
    problems.raise_any()
