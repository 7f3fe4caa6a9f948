"""What the parts of a spec say about each other: variables and their uses, per-image settings, cells, names, sizes."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

from jobs.spec.choices import Choices
from jobs.spec.fields import FIELDS, MAX_POSITIONS, MAX_TEXT
from jobs.spec.holes import Holes, TooIntricate
from jobs.spec.image_checks import ImageChecks, texts_in
from jobs.spec.images import image_names, named_images
from jobs.spec.model import AxisSpec, FieldValue, JobSpec, label
from jobs.spec.names import check_name
from jobs.spec.numbers import Span
from jobs.spec.problems import Path, nearest
from jobs.spec.reading import Document
from jobs.spec.values import TEXT_FIELDS
from jobs.template import Template, TemplateError, parse_template, spell
from jobs.variant import Scalar

TOLD_ALONE = 5
"""Images that have the same fault, before the others are only counted."""


class Checks:
    """The checks of one document; each adds its problems to the document's."""

    def __init__(self, document: Document, spec: JobSpec) -> None:
        self.document = document
        self.problems = document.problems
        self.spec = spec
        self.axes = document.axes
        self.prompts_use: set[str] = set()
        self._misspelt = False
        self._lengths = self._measured()
        self.name_uses: set[str] = set()
        self.images_set = {name for image in spec.images for name in image.settings}
        self.known = set(self.axes.moved) | set(spec.fixed) | self.images_set | self.axes.broken
        self.known |= {name for cell in spec.include for name in cell}
        self.sidecars = {image.sidecar for image in spec.images if image.sidecar}
        self.known |= self.sidecars
        self.columns_unknown = any(image.kind == "table" for image in spec.images)

    def run(self) -> None:
        """All checks. The last ones need a spec that is right so far."""
        for path, template in self._templates():
            self.prompts_use.update(template.names)
            if self.problems.full:
                break
            self._names(path, template)
            self._length(path, template)
        self._defaults()
        self.name_uses = check_name(self.document, self.spec, None if self.columns_unknown else self.known)
        self._used()
        if not self.problems.found:
            self._images()
            self._excluded()
            self._included()
        if not self.problems.found:
            self._counted()

    # Prompts and what fills them.

    def _texts(self) -> Iterator[tuple[Path, str]]:
        for name in TEXT_FIELDS:
            yield from texts_in(self.spec.fixed, name, self.document.at(name))
        for axis in self.spec.axes:
            for name in TEXT_FIELDS:
                if name in axis.names:
                    yield from self._in_axis(axis, name)
        for k, image in enumerate(self.spec.images):
            for name in TEXT_FIELDS:
                yield from texts_in(image.settings, name, self.document.at("images", k, "set", name))
        for k, cell in enumerate(self.spec.include):
            for name in TEXT_FIELDS:
                yield from texts_in(cell, name, self.document.at("include", k, name))

    def _in_axis(self, axis: AxisSpec, name: str) -> Iterator[tuple[Path, str]]:
        start = self.document.at("matrix", axis.key) if axis.in_matrix else self.document.at(axis.key)
        column = axis.columns[axis.names.index(name)]
        if isinstance(column, Choices):
            for value in column.covering():
                yield from texts_in({name: value}, name, start)
            return
        for k, value in enumerate(column):
            place = (*start, k) if axis.names == (axis.key,) else (*start, k, name)
            yield from texts_in({name: value}, name, place)

    def _templates(self) -> Iterator[tuple[Path, Template]]:
        for path, text in self._texts():
            if "{" not in text and "}" not in text:
                continue
            try:
                yield path, parse_template(text)
            except TemplateError as wrong:
                self.problems.add(path, str(wrong), value=text, remedy=wrong.remedy)

    def fillable(self) -> list[str]:
        """The names that a prompt may use."""
        return sorted(self.known - {*TEXT_FIELDS, "seed", "image"})

    def _names(self, path: Path, template: Template) -> None:
        for name in dict.fromkeys(template.names):
            if (name in self.known or self.columns_unknown) and name not in {*TEXT_FIELDS, "seed"}:
                continue
            near = nearest(name, self.fillable())
            variables = [known for known in self.fillable() if known not in FIELDS]
            remedy = (
                f"Did you mean {{{near}}}?"
                if near
                else f"Known are {', '.join(variables) or 'none yet'}; add it to `matrix`"
            )
            self.problems.add(path, f"nothing fills {{{name}}}", remedy=remedy)
            self._misspelt = True

    def _length(self, path: Path, template: Template) -> None:
        length = sum(map(len, template.literals)) + sum(self._lengths.get(name, 0) for name in template.names)
        if length > MAX_TEXT:
            remedy = "Shorten the text or the values that fill it"
            self.problems.add(path, f"may be {length} characters once it is filled, at most {MAX_TEXT}", remedy=remedy)

    def _measured(self) -> dict[str, int]:
        """The longest value of everything that a prompt may use, in one pass: images and names may both be many."""
        longest: dict[str, int] = {}
        for fields in (self.spec.fixed, *self.spec.include, *(image.settings for image in self.spec.images)):
            for name, value in fields.items():
                longest[name] = max(longest.get(name, 0), len(spell(label(value))))
        for axis in self.spec.axes:
            for name, column in zip(axis.names, axis.columns, strict=True):
                most = _longest(column)
                longest[name] = max(longest.get(name, 0), most)
        return longest

    def _defaults(self) -> None:
        models = self.spec.models
        for model in self.spec.model_defaults:
            if model not in models and "model" not in self.axes.broken:
                remedy = self.problems.hint(model, models) or "Remove it"
                self.problems.add(
                    self.document.at("model_defaults", model), "nothing asks for this model", remedy=remedy
                )

    # Variables that nothing uses.

    def _used(self) -> None:
        if self._misspelt or self.axes.broken & set(TEXT_FIELDS) or not self.spec.images:
            return  # that a variable is not used would be the same mistake once more
        for axis in self.spec.axes:
            idle = [name for name in axis.names if name not in FIELDS and name not in self.prompts_use]
            effect = len(idle) < len(axis.names)
            for name in idle:
                if not effect or name not in self.name_uses:
                    self._idle(name, self.document.at("matrix", axis.key), axis=axis.size > 1 and not effect)
        used = {*FIELDS} | self.prompts_use | self.name_uses | self.axes.moved.keys()
        unused: dict[str, list[int]] = {}
        for k, image in enumerate(self.spec.images):
            if image.sidecar and image.sidecar not in {*FIELDS} | self.prompts_use | self.name_uses:
                self._idle(image.sidecar, self.document.at("images", k, "sidecar"), axis=False)
            for name in image.settings.keys() - used:
                unused.setdefault(name, []).append(k)
        for name, images in sorted(unused.items(), key=lambda found: (found[1][0], found[0])):
            self._idle(name, self.document.at("images", images[0], "set", name), axis=False, images=len(images))

    def _idle(self, name: str, path: Path, *, axis: bool, images: int = 1) -> None:
        near = None if self.problems.full else nearest(name, FIELDS, cutoff=0.75)
        remedy = f"{f'Did you mean {near}? Else write' if near else 'Write'} {{{name}}} in the prompt, or remove it"
        why = ", so its cells would differ by their seeds only" if axis else ""
        why += f", which {images:,} images set" if images > 1 else ""
        self.problems.add(path, f"no prompt uses {{{name}}}{why}", remedy=remedy)

    def _images(self) -> None:
        checks = ImageChecks(self.problems, self.spec, self.name_uses)
        lacking: dict[str, list[int]] = {}
        for k, image in enumerate(self.spec.images):
            checks.joint(image, self.document.at("images", k))
            for name in checks.lacking(image, self.document.at("images", k)):
                lacking.setdefault(name, []).append(k)
        for name, found in sorted(lacking.items()):
            for number, k in enumerate(found[:TOLD_ALONE], 1):
                others = len(found) - number if number == TOLD_ALONE else 0
                checks.lacks(self.spec.images[k], self.document.at("images", k), name, others=others)

    # Cells taken out and put in.

    def _excluded(self) -> None:
        for key, patterns in (("exclude", self.spec.exclude), ("reroll", self.spec.reroll)):
            self._matched(key, patterns)

    def _matched(self, key: str, patterns: Sequence[Mapping[str, Scalar]]) -> None:
        names = set(image_names(self.spec.images))
        for k, pattern in enumerate(patterns):
            for name, value in pattern.items():
                path = self.document.at(key, k, name)
                if name in self.sidecars or (self.spec.open and name == "image") or self.columns_unknown:
                    continue  # told only when the images are listed
                if name != "image" and name not in self.known:
                    remedy = self.problems.hint(name, sorted(self.known))
                    self.problems.add(path, f"nothing is called {name}", remedy=remedy)
                elif value in names if name == "image" else self._stands(name, value, included=key == "reroll"):
                    continue
                elif name in self.spec.left:
                    remedy = f"Write {name} in the manifest, or name the model here"
                    self.problems.add(path, f"{name} is left to the model", value=value, remedy=remedy)
                else:
                    values = sorted(names) if name == "image" else self._values(name)
                    near = nearest(value, values) if isinstance(value, str) and not self.problems.full else None
                    said = ", ".join(one[:60] for one in values[:8]) + (", …" if len(values) > 8 else "")
                    remedy = f"Did you mean {near}?" if near else f"Write a value as it stands in the sweep: {said}"
                    self.problems.add(path, f"no cell has this {name}", value=value, remedy=remedy)

    def _values(self, name: str) -> list[str]:
        """The first values that the sweep gives a name, as they are written."""
        columns = [axis.columns[axis.names.index(name)] for axis in self.spec.axes if name in axis.names]
        found = [value for column in columns for value in islice(column, 1000)]
        found += [fields[name] for fields in (self.spec.fixed, *self.spec.include) if name in fields]
        found += [image.settings[name] for image in self.spec.images[:1000] if name in image.settings]
        return list(dict.fromkeys(spell(label(value)) for value in found))

    def _stands(self, name: str, value: FieldValue, *, included: bool) -> bool:
        value = label(value)
        own = [image.settings for image in self.spec.images] + (list(self.spec.include) if included else [])
        if any(name in fields and label(fields[name]) == value for fields in own):
            return True
        if name in self.spec.left:
            return any(name in own and label(own[name]) == value for own in self.spec.model_defaults.values())
        if name in self.spec.fixed:
            return label(self.spec.fixed[name]) == value
        return any(
            value in column if isinstance(column, Span) else any(label(item) == value for item in column)
            for axis in self.spec.axes
            for moved, column in zip(axis.names, axis.columns, strict=True)
            if moved == name
        )

    def _included(self) -> None:
        usable = set(self.axes.moved) | set(FIELDS)
        for k, cell in enumerate(self.spec.include):
            path = self.document.at("include", k)
            for name in cell:
                if name not in usable:
                    remedy = self.problems.hint(name, sorted(usable))
                    self.problems.add((*path, name), f"nothing is called {name}", remedy=remedy)
            lacking = [
                name
                for axis in self.spec.axes
                for name in axis.names
                if name not in cell and (axis.size > 1 or any(other in cell for other in axis.names))
            ]
            if lacking:
                remedy = "Give it a value for every axis that has more than one"
                self.problems.add(path, f"does not say {', '.join(lacking)}", remedy=remedy)

    def _counted(self) -> None:
        images = 1 if self.spec.open else len(self.spec.images)
        cells, samples = self.spec.cells, self.spec.samples
        if images * cells * samples > MAX_POSITIONS:
            self.problems.add(
                self.document.at("images"),
                f"{images} images × {cells} cells × {samples} samples are {images * cells * samples} variants, "
                f"a job has at most {MAX_POSITIONS}",
                remedy="Split it into several jobs",
            )
            return
        if self.spec.open:
            return
        bare = not any(image.settings for image in self.spec.images)
        holes = Holes(self.spec, named_images(self.spec), bare=bare)
        for k in range(len(self.spec.include)):
            if all(holes.is_hole(image, holes.product + k) for image in range(images)):
                self.problems.add(self.document.at("include", k), "is in the product already", remedy="Remove it")
        try:
            if not self.problems.found and holes.count() == 0:
                self.problems.add(self.document.at("exclude"), "excludes every cell", remedy="Leave one")
        except TooIntricate as intricate:
            remedy = "Use fewer patterns, or split the job"
            self.problems.add(self.document.at("exclude"), str(intricate), remedy=remedy)


def _longest(column: Sequence[FieldValue]) -> int:
    """Characters of a column's longest value, or a little more."""
    if isinstance(column, Span):
        return 25
    return column.longest() if isinstance(column, Choices) else max(len(spell(label(value))) for value in column)
