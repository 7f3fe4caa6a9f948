"""Reads a document into a `JobSpec`, section by section, in the order in which it is written."""

from collections.abc import Mapping
from dataclasses import replace
from typing import cast

from jobs.spec.axes import Axes, read_fields
from jobs.spec.delivery import read_budget, read_extends, read_labels, read_output, read_run, read_webhook
from jobs.spec.fields import ALIASES, BY_MODEL, DOCUMENT, FIELDS, MAX_SAMPLES
from jobs.spec.image_lines import read_images
from jobs.spec.images import MAX_NAME
from jobs.spec.model import FieldValue, ImageSpec, JobSpec, SeedPlan, SeedPolicy, label
from jobs.spec.problems import Path, Problems
from jobs.spec.styles import read_presets
from jobs.spec.values import is_axis, read_value
from jobs.variant import Scalar

MAX_MODELS = 1000
POLICIES = ("per_variant", "per_image", "fixed")


class Document:
    """One document while it is read. `base` is where its short form stands: () or ("spec",)."""

    def __init__(self, problems: Problems, data: Mapping[str, object], base: Path) -> None:
        self.problems = problems
        self.data = data
        self.base = base
        self.axes = Axes(problems)
        self.left: set[str] = set()

    def at(self, *path: str | int) -> Path:
        """A place of the short form as a path of the document."""
        return (*self.base, *path)

    def get(self, key: str) -> object:
        """The value at a key; null means absent."""
        return self.data.get(key)

    # The sections.

    def images(self) -> tuple[ImageSpec, ...]:
        """The lines of `images`; none where they were written under another word, which is a problem already."""
        value = self.get("images")
        if value is None and "images" in self.problems.meant:
            return ()
        return read_images(self.problems, value, self.at("images"))

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
        """An axis wins over the single value of its field; two words for one field are a slip."""
        for name in fixed:
            mover = self.axes.moved.get(name)
            if mover is not None and mover[-1] in ALIASES:
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
            elif field.required and name in self.problems.meant:
                self.axes.broken.add(name)
            elif field.required:
                self.problems.add(self.at(name), f"{name} is missing", remedy=f"It is {field.text}")
            elif field.default is not None:
                whole[name] = field.default
                if field.by_model:
                    self.left.add(name)
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

    def model_defaults(self) -> dict[str, dict[str, FieldValue]]:
        """By model, what stands for fields that the job leaves out."""
        value, path = self.get("model_defaults"), self.at("model_defaults")
        if value is None:
            return {}
        by_model = self.problems.mapping(value, path, what="model_defaults")
        if len(by_model) > MAX_MODELS:
            self.problems.add(path, f"names {len(by_model)} models, at most {MAX_MODELS} are taken")
            return {}
        read: dict[str, dict[str, FieldValue]] = {}
        for model, own in ((model, own) for model, own in by_model.items() if own is not None):
            if self.problems.text(model, path, limit=int(FIELDS["model"].high), what="a model's name") is not None:
                read[model], _ = read_fields(self.problems, own, (*path, model))
        for model, own in read.items():
            for name in own.keys() - BY_MODEL:
                remedy = self.problems.hint(name, sorted(BY_MODEL))
                self.problems.add((*path, model, name), f"models have no defaults for {name}", remedy=remedy)
        return read

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

    def cells(self, key: str) -> tuple[dict[str, FieldValue], ...]:
        """The cells of `exclude`, `include` or `reroll`."""
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

    def patterns(self, key: str) -> tuple[dict[str, Scalar], ...]:
        """The cells of `exclude` or `reroll`: matched by coordinate, and a prompt's coordinate is its text."""
        return tuple({name: label(value) for name, value in cell.items()} for cell in self.cells(key))

    def _cell(self, key: str, cell: object, k: int) -> tuple[dict[str, FieldValue], bool]:
        path = self.at(key, k)
        image = cell.get("image") if isinstance(cell, Mapping) and key != "include" else None
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
        whole = self.complete(fixed)
        return JobSpec(
            name=self.name(),
            labels=self.labels(),
            images=self.images(),
            fixed=whole,
            left=frozenset(self.left),
            model_defaults=self.model_defaults(),
            axes=tuple(self.axes.found),
            seed=self.seed(),
            samples=self.samples(),
            exclude=self.patterns("exclude"),
            include=self.cells("include"),
            reroll=self.patterns("reroll"),
            presets=read_presets(self.problems, self.get("style_presets"), self.at("style_presets")),
            output=read_output(self.problems, self.get("output"), self.at("output")),
            run=replace(
                read_run(self.problems, self.get("run"), self.at("run")),
                budget=read_budget(self.problems, self.get("budget"), self.at("budget")),
                webhook=read_webhook(self.problems, self.get("webhook"), self.at("webhook")),
                extends=read_extends(self.problems, self.get("extends"), self.at("extends")),
            ),
        )
