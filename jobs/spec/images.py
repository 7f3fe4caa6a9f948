"""Init images as written: which URIs there may be, what each image is called, which are files of the caller's own."""

import hashlib
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import replace

from jobs.errors import ForbiddenUri
from jobs.spec.model import AxisSpec, FieldValue, ImageSpec, JobSpec
from jobs.spec.problems import Path, Problems, spell_path
from jobs.uris import MAX_URI_CHARACTERS, SCHEMES, Uri, parse, parse_file, parse_s3

MAX_NAME = 60
NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,59}")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):")  # two characters at least: C:\ is a path
_SUFFIX = re.compile(r"\.[A-Za-z0-9]{1,5}$")
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


def slug(text: str, *, limit: int = MAX_NAME) -> str:
    """`text` in the letters that are safe in a key, without leading dots; empty where nothing is left."""
    plain = unicodedata.normalize("NFKD", text[: 4 * limit]).encode("ascii", "ignore").decode("ascii")
    return _UNSAFE.sub("-", plain).strip("-.")[:limit].rstrip("-.")


def safe_name(text: str) -> str:
    """What a picture is called whose file is called `text`: its slug, and where letters are lost, a hash of it besides.

    So two pictures whose names have no letter that is safe in a key have names of their own, whatever stands beside
    them.
    """
    name = slug(text)
    whole = slug(text, limit=len(text) + 1)
    letters = unicodedata.normalize("NFKD", text)
    if name == whole and all(letter.isascii() or not letter.isalnum() for letter in letters):
        return name or "image"
    digest = hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:8]
    return f"{name[: MAX_NAME - 9].rstrip('-.') or 'image'}-{digest}"


def has_scheme(uri: str) -> bool:
    """Whether this is a URI rather than a path on somebody's machine."""
    return _SCHEME.match(uri) is not None


def check_uri(problems: Problems, uri: str, path: Path, *, base: str | None = None) -> bool:
    """Whether an image may be written so; a problem where not. Local paths are fine here: the CLI uploads them.

    base: for a pattern, the part that stands before its first wildcard.
    """
    found = _SCHEME.match(uri)
    scheme = found.group(1).lower() if found else ""
    if uri.endswith("/") and scheme in {"http", "https"}:
        problems.add(path, "the web has no folders that can be listed", value=uri, remedy="List the images one by one")
        return False
    if not uri or len(uri) > MAX_URI_CHARACTERS:
        problems.add(path, f"a URI has 1 to {MAX_URI_CHARACTERS} characters, this one {len(uri)}")
        return False
    if not scheme:
        return True
    if scheme not in SCHEMES:
        remedy = f"Use {', '.join(SCHEMES)}, or a path that the CLI uploads"
        problems.add(path, f"no images are read from {scheme[:20]}:", remedy=remedy)
        return False
    try:
        if base is None:
            parse(uri)
        else:
            folder_of(base)
    except ForbiddenUri as refused:
        problems.add(path, str(refused), remedy=refused.remedy)
        return False
    return True


def folder_of(base: str) -> Uri:
    """The bucket and key, or the folder, that images are listed below.

    Raises:
        ForbiddenUri: not such a place.

    """
    return parse_file(base, folder=True) if base.startswith("file:") else parse_s3(base, folder=True)


def _derived(uri: str) -> str:
    path = uri
    if has_scheme(uri):
        path = uri.split("://", 1)[-1]
        if uri.lower().startswith("http"):
            path = re.split(r"[?#]", path, maxsplit=1)[0]
        elif uri.lower().startswith("upload"):
            path = path[:12]
    last = re.split(r"[/\\]", path)[-1]
    return safe_name(_SUFFIX.sub("", last))


def image_names(images: tuple[ImageSpec, ...]) -> Iterator[str]:
    """One name for each image, unique whatever the case; an image that is added later changes no earlier name."""
    taken: set[str] = set()
    counts: dict[str, int] = {}
    for image in images:
        base = image.name or _derived(image.uri)
        name = base
        while name.lower() in taken:
            counts[base] = counts.get(base, 1) + 1
            name = f"{base[: MAX_NAME - 8]}-{counts[base]}"
        taken.add(name.lower())
        yield name


def named_images(spec: JobSpec) -> tuple[ImageSpec, ...]:
    """The images of a spec, in order, each with the name that it goes by."""
    named = zip(spec.images, image_names(spec.images), strict=True)
    return tuple(image if image.name == name else replace(image, name=name) for image, name in named)


def local_paths(spec: JobSpec) -> list[tuple[str, str]]:
    """Images that are files of whoever wrote the manifest: (path in the document, value as written)."""
    return [
        (spell_path(("images", k, "uri")), image.uri)
        for k, image in enumerate(spec.images)
        if image.kind == "image" and not has_scheme(image.uri)
    ] + [(spell_path(path), value) for path, value in _local_masks(spec)]


def with_images(spec: JobSpec, uris: Mapping[str, str]) -> JobSpec:
    """The spec with local paths replaced (`uris`: value as written → URI); images keep the names that they had."""
    named = zip(spec.images, image_names(spec.images), strict=True)
    images = tuple(
        replace(image, uri=uris[image.uri], name=name) if image.uri in uris else image for image, name in named
    )
    return _with_masks(replace(spec, images=images), uris)


def require_uris(spec: JobSpec) -> None:
    """What a server asks of a spec: every image by URI.

    Raises:
        InvalidSpec: images that are local paths.

    """
    problems = Problems()
    images = ((("images", k, "uri"), image.uri) for k, image in enumerate(spec.images))
    for path, uri in (*((path, uri) for path, uri in images if not has_scheme(uri)), *_local_masks(spec)):
        remedy = "Submit with the CLI, which uploads them, or upload it first and write upload://<sha256>"
        problems.add(path, "the server knows no local paths", value=uri, remedy=remedy)
    problems.raise_any()


# Masks are pictures by URI, too, but a field: one for the job, one for an image, or several as an axis.


def _local_masks(spec: JobSpec) -> Iterator[tuple[Path, str]]:
    """Masks that are files of whoever wrote the manifest: (path in the document, value as written)."""
    return ((path, value) for path, value in masks(spec) if isinstance(value, str) and value and not has_scheme(value))


def masks(spec: JobSpec) -> Iterator[tuple[Path, FieldValue | None]]:
    """Every mask of the spec: (path in the document, value), None where there is none."""
    yield ("mask",), spec.fixed.get("mask")
    for axis in spec.axes:
        if "mask" in axis.names:
            path: Path = ("matrix", axis.key) if axis.in_matrix else (axis.key,)
            yield from (((*path, k), value) for k, value in enumerate(axis.columns[axis.names.index("mask")]))
    for k, image in enumerate(spec.images):
        yield ("images", k, "mask"), image.settings.get("mask")
    for k, cell in enumerate(spec.include):
        yield ("include", k, "mask"), cell.get("mask")


def _with_masks(spec: JobSpec, uris: Mapping[str, str]) -> JobSpec:
    """The spec with local paths of masks replaced (`uris`: value as written → URI)."""

    def put(fields: Mapping[str, FieldValue]) -> Mapping[str, FieldValue]:
        value = fields.get("mask")
        return {**fields, "mask": uris[value]} if isinstance(value, str) and value in uris else fields

    def moved(axis: AxisSpec) -> AxisSpec:
        if "mask" not in axis.names:
            return axis
        place = axis.names.index("mask")
        column = tuple(uris.get(str(value), value) for value in axis.columns[place])
        return replace(axis, columns=(*axis.columns[:place], column, *axis.columns[place + 1 :]))

    return replace(
        spec,
        fixed=put(spec.fixed),
        axes=tuple(moved(axis) for axis in spec.axes),
        images=tuple(replace(image, settings=put(image.settings)) for image in spec.images),
        include=tuple(put(cell) for cell in spec.include),
    )
