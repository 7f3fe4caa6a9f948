"""Reads the lines of `images`: an image, a pattern of images, or a table of them."""

from collections.abc import Mapping

from jobs.spec.axes import read_fields, variable_name
from jobs.spec.fields import FIELDS, MAX_CUSTOM_ID, MAX_IMAGES
from jobs.spec.images import MAX_NAME, NAME, check_uri, image_names
from jobs.spec.model import FieldValue, ImageSpec
from jobs.spec.patterns import Pattern, is_pattern
from jobs.spec.problems import Path, Problems

KEYS = ("uri", "name", "id", "custom_id", "set", "mask", "table", "sidecar")


def read_images(problems: Problems, value: object, path: Path) -> tuple[ImageSpec, ...]:
    """All of them; what is wrong is a problem and missing from the answer."""
    if value is None:
        problems.add(path, "images is missing", remedy="List the init images: images: [photo.png]")
        return ()
    items = value if isinstance(value, list) else [value]
    if not items:
        problems.add(path, "no images make an empty sweep", value=value, remedy="List at least one")
    if len(items) > MAX_IMAGES:
        remedy = "Name them by a pattern or a table"
        problems.add(path, f"has {len(items)} images, at most {MAX_IMAGES} are taken", remedy=remedy)
        return ()
    paths = [(*path, k) if isinstance(value, list) else path for k in range(len(items))]
    images = [read_image(problems, item, place) for item, place in zip(items, paths, strict=True)]
    good = tuple(image for image in images if image is not None)
    if len(good) == len(images):
        _unique(problems, good, paths)
    return good


def read_image(problems: Problems, value: object, path: Path) -> ImageSpec | None:
    """One line, None after a problem."""
    if isinstance(value, str):
        return _placed(problems, ImageSpec(value), path)
    before = len(problems.found)
    item = problems.mapping(value, path, what="an image is a URI or")
    if not item and len(problems.found) > before:
        return None
    problems.unknown(item, KEYS, path)
    table = item.get("table") is not None
    key = "table" if table else "uri"
    if item.get(key) is None:
        problems.add((*path, "uri"), "uri is missing", remedy="Say where the image lies")
    if table and item.get("uri") is not None:
        problems.add((*path, "uri"), "a table names its images itself", remedy="Keep uri or table")
    text = None if item.get(key) is None else problems.text(item[key], (*path, key), limit=10_000, what="a URI")
    name = _name(problems, item, path)
    custom_id = _custom_id(problems, item, path)
    settings: dict[str, FieldValue] = {}
    if item.get("set"):
        settings, _ = read_fields(problems, item["set"], (*path, "set"))
    if item.get("mask") is not None:
        mask, _ = read_fields(problems, {"mask": item["mask"]}, path)
        settings = {**settings, **mask}
    if text is None or name is None:
        return None
    if not name and NAME.fullmatch(custom_id):
        name = custom_id
    made = ImageSpec(text, name, settings, custom_id, "table" if table else "image", _sidecar(problems, item, path))
    return _placed(problems, made, (*path, key))


def _placed(problems: Problems, image: ImageSpec, path: Path) -> ImageSpec | None:
    """The line with its kind, None where its URI can't be read."""
    if image.kind == "image" and is_pattern(image.uri):
        image = ImageSpec(image.uri, image.name, image.settings, image.custom_id, "pattern", image.sidecar)
    many = image.kind != "image"
    if many and (image.name or image.custom_id):
        what = "a name is for one image, and this line stands for many"
        problems.add(path, what, value=image.name or image.custom_id, remedy="Leave it out")
        return None
    if image.sidecar and image.kind != "pattern":
        remedy = "Name a folder (photos/) or a pattern (photos/*.png)"
        problems.add((*path[:-1], "sidecar"), "texts beside images are looked for in folders only", remedy=remedy)
        return None
    if image.kind == "pattern":
        try:
            base = Pattern.of(image.uri).base
        except ValueError as wrong:
            problems.add(path, str(wrong), value=image.uri, remedy="Use *, **/, ? and [a-z]")
            return None
        return image if check_uri(problems, image.uri, path, base=base) else None
    return image if check_uri(problems, image.uri, path) else None


def _name(problems: Problems, item: Mapping[str, object], path: Path) -> str | None:
    if "name" in item and "id" in item:
        problems.add((*path, "id"), "name and id say the same thing", remedy="Keep one of them")
        return None
    key = "id" if "id" in item else "name"
    if item.get(key) is None:
        return ""
    name = problems.text(item[key], (*path, key), limit=MAX_NAME, what="an image's name")
    if name is not None and not NAME.fullmatch(name):
        remedy = f"Use 1 to {MAX_NAME} of A-Z, a-z, 0-9, '.', '_', '-', no '.' first"
        problems.add((*path, key), "is no name for an image", value=name, remedy=remedy)
        return None
    return name


def _custom_id(problems: Problems, item: Mapping[str, object], path: Path) -> str:
    """The caller's own word for an image, which its results repeat; any short text."""
    if item.get("custom_id") is None:
        return ""
    return problems.text(item["custom_id"], (*path, "custom_id"), limit=MAX_CUSTOM_ID, what="custom_id") or ""


def _sidecar(problems: Problems, item: Mapping[str, object], path: Path) -> str:
    if item.get("sidecar") is None:
        return ""
    place = (*path, "sidecar")
    name = problems.text(item["sidecar"], place, limit=64, what="sidecar")
    if name is None or (name in FIELDS and name not in {"prompt", "negative_prompt"}):
        remedy = "Name prompt, negative_prompt or a variable"
        problems.add(place, "the text beside an image fills a text", value=item["sidecar"], remedy=remedy)
        return ""
    return name if name in FIELDS or variable_name(problems, name, place) else ""


def _unique(problems: Problems, images: tuple[ImageSpec, ...], paths: list[Path]) -> None:
    said: set[str] = set()
    for image, path in zip(images, paths, strict=True):
        if image.custom_id in said:
            remedy = "Give each its own: results are told apart by it"
            what = "an earlier image has this custom_id"
            problems.add((*path, "custom_id"), what, value=image.custom_id, remedy=remedy)
        said.update({image.custom_id} - {""})
    for image, name, path in zip(images, image_names(images), paths, strict=True):
        if image.name and image.name != name:
            what = "an earlier image has this name"
            problems.add((*path, "name"), what, value=image.name, remedy="Choose another one")
