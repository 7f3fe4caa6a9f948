"""Reads a document into a `JobSpec`, section by section, in the order in which it is written."""

from collections.abc import Mapping
from dataclasses import replace
from typing import cast

from jobs.spec.axes import Axes, read_fields
from jobs.spec.delivery import read_budget, read_labels, read_output, read_run, read_webhook
from jobs.spec.fields import ALIASES, DOCUMENT, FIELDS, MAX_CUSTOM_ID, MAX_IMAGES, MAX_SAMPLES
from jobs.spec.images import MAX_NAME, NAME, check_uri, image_names
from jobs.spec.model import FieldValue, ImageSpec, JobSpec, SeedPlan, SeedPolicy, label
from jobs.spec.problems import Path, Problems
from jobs.spec.values import is_axis, read_value

POLICIES = ("per_variant", "per_image", "fixed")


class Document:
    """One document while it is read. `base` is where its short form stands: () or ("spec",)."""

    def __init__(self, problems: Problems, data: Mapping[str, object], base: Path) -> None:
        self.problems = problems
        self.data = data
        self.base = base
        self.axes = Axes(problems)

    def at(self, *path: str | int) -> Path:
        """A place of the short form as a path of the document."""
        return (*self.base, *path)

    def get(self, key: str) -> object:
        """The value at a key; null means absent."""
        return self.data.get(key)

    # The sections.

    def fixed_fields(self) -> dict[str, FieldValue]:
        """Fields with one value; those with many become axes on the way, in the order of the document."""
        fixed: dict[str, FieldValue] = {}
        said: dict[str, str] = {}
        for key, value in self.data.items():
            name = ALIASES.get(key, key)
            if name not in FIELDS or value is None:
                continue
            if name in said:
                first = said[name]
                self.problems.add(self.at(key), f"{first} and {key} say the same thing", remedy="Keep one of them")
                continue
            said[name] = key
            if is_axis(name, value):
                self.axes.field(key, value, self.at(key))
            elif name != "seed":
                good = read_value(self.problems, key, value, self.at(key))
                if good is not None:
                    fixed[name] = good
                else:
                    self.axes.broken.add(name)
        return fixed

    def _said_twice(self, fixed: Mapping[str, FieldValue]) -> None:
        for name in fixed:
            mover = self.axes.moved.get(name)
            if mover is not None:
                remedy = "Keep the axis or the single value"
                self.problems.add(mover, f"moves {name}, which has one value already", remedy=remedy)

    def complete(self, fixed: dict[str, FieldValue]) -> dict[str, FieldValue]:
        """Defaults filled in, what an axis moves taken out, in the order of the table."""
        whole: dict[str, FieldValue] = {}
        for name, field in FIELDS.items():
            if name in self.axes.moved or name in self.axes.broken:
                continue
            if name in fixed:
                whole[name] = fixed[name]
            elif field.required:
                self.problems.add(self.at(name), f"{name} is missing", remedy=f"It is {field.text}")
            elif field.default is not None:
                whole[name] = field.default
        return whole

    def seed(self) -> SeedPlan:
        """Where seeds come from; a list of seeds is an axis and found elsewhere."""
        value = self.get("seed")
        if "seed" in self.axes.moved:
            return SeedPlan("fixed", 0)
        if value is None:
            return SeedPlan()
        if not isinstance(value, Mapping):
            same = read_value(self.problems, "seed", value, self.at("seed"))
            return SeedPlan("fixed", cast("int | None", same))
        plan = self.problems.mapping(value, self.at("seed"), what="the seed")
        self.problems.unknown(plan, ("policy", "base"), self.at("seed"))
        policy = plan.get("policy", "per_variant")
        if policy not in POLICIES:
            remedy = "Use per_variant, per_image or fixed"
            self.problems.add(self.at("seed", "policy"), "is no way to make seeds", value=policy, remedy=remedy)
        base = plan.get("base")
        number = None if base is None else read_value(self.problems, "seed", base, self.at("seed", "base"))
        return SeedPlan(cast("SeedPolicy", policy), cast("int | None", number))  # checked, or there is a problem

    def samples(self) -> int:
        """How many pictures of each cell."""
        value = self.data.get("samples")
        if value is None:
            return 1
        if isinstance(value, list | Mapping):
            remedy = "Write one number; for several seeds there is `seed: [1, 2, 3]`"
            self.problems.add(self.at("samples"), "is not an axis", value=value, remedy=remedy)
            return 1
        number = self.problems.number(value, self.at("samples"), low=1, high=MAX_SAMPLES, whole=True)
        return int(number or 1)

    def images(self) -> tuple[ImageSpec, ...]:
        """The init images, each a URI or an object."""
        value = self.get("images")
        path = self.at("images")
        if value is None:
            self.problems.add(path, "images is missing", remedy="List the init images: images: [photo.png]")
            return ()
        items = value if isinstance(value, list) else [value]
        if not items:
            self.problems.add(path, "no images make an empty sweep", value=value, remedy="List at least one")
        if len(items) > MAX_IMAGES:
            self.problems.add(path, f"has {len(items)} images, at most {MAX_IMAGES} are taken")
            return ()
        paths = [(*path, k) if isinstance(value, list) else path for k in range(len(items))]
        images = [self._image(item, place) for item, place in zip(items, paths, strict=True)]
        good = tuple(image for image in images if image is not None)
        if len(good) == len(images):
            self._unique(good, paths)
        return good

    def _image(self, value: object, path: Path) -> ImageSpec | None:
        if isinstance(value, str):
            return ImageSpec(value) if check_uri(self.problems, value, path) else None
        before = len(self.problems.found)
        item = self.problems.mapping(value, path, what="an image is a URI or")
        if not item and len(self.problems.found) > before:
            return None
        self.problems.unknown(item, ("uri", "name", "id", "custom_id", "set"), path)
        uri = item.get("uri")
        if uri is None and "table" not in item:
            self.problems.add((*path, "uri"), "uri is missing", remedy="Say where the image lies")
        text = self.problems.text(uri, (*path, "uri"), limit=10_000, what="a URI") if uri is not None else None
        name = self._image_name(item, path)
        custom_id = self._custom_id(item, path)
        settings: dict[str, FieldValue] = {}
        if item.get("set"):
            settings, _ = read_fields(self.problems, item["set"], (*path, "set"))
        if text is None or name is None or not check_uri(self.problems, text, (*path, "uri")):
            return None
        if not name and NAME.fullmatch(custom_id):
            name = custom_id
        return ImageSpec(text, name, settings, custom_id)

    def _custom_id(self, item: Mapping[str, object], path: Path) -> str:
        """The caller's own word for an image, which its results repeat; any short text."""
        if item.get("custom_id") is None:
            return ""
        place = (*path, "custom_id")
        return self.problems.text(item["custom_id"], place, limit=MAX_CUSTOM_ID, what="custom_id") or ""

    def _image_name(self, item: Mapping[str, object], path: Path) -> str | None:
        if "name" in item and "id" in item:
            self.problems.add((*path, "id"), "name and id say the same thing", remedy="Keep one of them")
            return None
        key = "id" if "id" in item else "name"
        if item.get(key) is None:
            return ""
        name = self.problems.text(item[key], (*path, key), limit=MAX_NAME, what="an image's name")
        if name is not None and not NAME.fullmatch(name):
            remedy = f"Use 1 to {MAX_NAME} of A-Z, a-z, 0-9, '.', '_', '-', no '.' first"
            self.problems.add((*path, key), "is no name for an image", value=name, remedy=remedy)
            return None
        return name

    def _unique(self, images: tuple[ImageSpec, ...], paths: list[Path]) -> None:
        said: set[str] = set()
        for image, path in zip(images, paths, strict=True):
            if image.custom_id in said:
                what = "an earlier image has this custom_id"
                remedy = "Give each its own: results are told apart by it"
                self.problems.add((*path, "custom_id"), what, value=image.custom_id, remedy=remedy)
            said.update({image.custom_id} - {""})
        for image, name, path in zip(images, image_names(images), paths, strict=True):
            if image.name and image.name != name:
                self.problems.add(
                    (*path, "name"), "an earlier image has this name", value=image.name, remedy="Choose another one"
                )

    def cells(self, key: str) -> tuple[dict[str, FieldValue], ...]:
        """The cells of `exclude` or `include`."""
        value = self.get(key)
        if value is None:
            return ()
        if not isinstance(value, list):
            self.problems.add(self.at(key), "must be a list of cells like {strength: 0.5}", value=value)
            return ()
        if len(value) > 100:
            self.problems.add(self.at(key), f"has {len(value)} cells, at most 100 are taken")
            return ()
        read = [self._cell(key, cell, k) for k, cell in enumerate(value)]
        return tuple(cell for cell, good in read if good)

    def _cell(self, key: str, cell: object, k: int) -> tuple[dict[str, FieldValue], bool]:
        path = self.at(key, k)
        image = cell.get("image") if isinstance(cell, Mapping) and key == "exclude" else None
        if image is None or not isinstance(cell, Mapping):
            return read_fields(self.problems, cell, path)
        name = self.problems.text(image, (*path, "image"), limit=MAX_NAME, what="an image's name")
        rest = {inner: item for inner, item in cell.items() if inner != "image"}
        read, good = read_fields(self.problems, rest, path) if rest else ({}, True)
        return ({**read, "image": name}, good) if name is not None else ({}, False)

    def name(self) -> str:
        """The job's name, for people."""
        value = self.get("name")
        return "" if value is None else self.problems.text(value, self.at("name"), limit=200, what="the name") or ""

    def labels(self) -> dict[str, str]:
        """Labels, for people and filters."""
        value = self.get("labels")
        if value is None:
            return {}
        return read_labels(self.problems, value, self.at("labels"))

    def read(self) -> JobSpec:
        """The spec, before what its parts say about each other is checked."""
        self.problems.unknown(self.data, DOCUMENT, self.base)
        fixed = self.fixed_fields()
        if self.get("matrix") is not None:
            self.axes.matrix(self.get("matrix"), self.at("matrix"))
        self._said_twice(fixed)
        # Cells are matched by coordinate, and a prompt's coordinate is its text.
        exclude = tuple({name: label(value) for name, value in cell.items()} for cell in self.cells("exclude"))
        return JobSpec(
            name=self.name(),
            labels=self.labels(),
            images=self.images(),
            fixed=self.complete(fixed),
            axes=tuple(self.axes.found),
            seed=self.seed(),
            samples=self.samples(),
            exclude=exclude,
            include=self.cells("include"),
            output=read_output(self.problems, self.get("output"), self.at("output")),
            run=replace(
                read_run(self.problems, self.get("run"), self.at("run")),
                budget=read_budget(self.problems, self.get("budget"), self.at("budget")),
                webhook=read_webhook(self.problems, self.get("webhook"), self.at("webhook")),
            ),
        )
