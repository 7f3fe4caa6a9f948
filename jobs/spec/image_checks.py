"""What an image's own settings must bring: all that its prompts ask for, and whole axes or none of them.

Asked for the images of a document when it is read, and for the rows of a table when they are listed.
"""

from collections.abc import Iterator, Mapping
from functools import lru_cache

from jobs.spec.axes import RESERVED
from jobs.spec.choices import Choices
from jobs.spec.fields import FIELDS
from jobs.spec.model import FieldValue, ImageSpec, JobSpec
from jobs.spec.problems import Path, Problems, nearest
from jobs.spec.values import TEXT_FIELDS
from jobs.template import TemplateError, parse_template


def texts_in(fields: Mapping[str, FieldValue], name: str, path: Path) -> Iterator[tuple[Path, str]]:
    """The texts of one field, each with its place."""
    value = fields.get(name)
    if isinstance(value, tuple):
        for k, part in enumerate(value):
            yield (path if len(value) == 1 else (*path, k, "text")), part.text
    elif isinstance(value, str):
        yield path, value


@lru_cache(maxsize=1024)  # a table has a million rows and few columns
def _field_like(name: str) -> str | None:
    return nearest(name, FIELDS, cutoff=0.75)


class ImageChecks:
    """The checks of single images. name_uses: what the output's name template asks for."""

    def __init__(self, problems: Problems, spec: JobSpec, name_uses: set[str]) -> None:
        self._problems = problems
        self._joint = [axis for axis in spec.axes if len(axis.names) > 1]
        self._everywhere = {name for axis in spec.axes for name in axis.names} | set(spec.fixed)
        self._named = name_uses - set(FIELDS) - {*RESERVED}
        self._shared = {name: self._uses_of(name, [spec.fixed, *spec.include]) for name in TEXT_FIELDS}
        for axis in spec.axes:
            for name, column in zip(axis.names, axis.columns, strict=True):
                if name in TEXT_FIELDS:
                    values = column.covering() if isinstance(column, Choices) else column
                    self._shared[name].update(*(self._uses_of(name, [{name: value}]) for value in values))

    def joint(self, image: ImageSpec, path: Path) -> None:
        """A problem where an image sets some fields of an axis and leaves others to it."""
        for axis in self._joint:
            own = [name for name in axis.names if name in image.settings]
            rest = [name for name in axis.names if name not in image.settings]
            if own and rest:
                self._problems.add(
                    (*path, "set", own[0]),
                    f"{own[0]} moves together with {', '.join(rest)} in {axis.key}",
                    remedy=f"Set {', '.join(rest)} too, or none of them",
                )

    def missing(self, image: ImageSpec, path: Path) -> None:
        """A problem for each name that this image's prompts or its pictures' names ask for and nothing fills."""
        for name in self.lacking(image, path):
            self.lacks(image, path, name)

    def lacking(self, image: ImageSpec, path: Path) -> list[str]:
        """Those names, sorted; none for a table, whose rows are asked when they are listed."""
        if image.kind == "table":
            return []
        return sorted(self._uses(image, path) - self._everywhere - set(image.settings) - {image.sidecar})

    def lacks(self, image: ImageSpec, path: Path, name: str, *, others: int = 0) -> None:
        """The problem that this image, and so many others, have nothing for a name."""
        more = f", like {others:,} more" if others else ""
        remedy = f"Write set: {{{name}: …}} for {'them' if others else 'it'}"
        self._problems.add(path, f"has nothing to fill {{{name}}}{more}", value=image.uri, remedy=remedy)

    def misspelt(self, image: ImageSpec, path: Path) -> None:
        """A problem for each variable that nothing uses and that looks like a field: a column of a table, say."""
        idle = image.settings.keys() - FIELDS.keys() - self._everywhere
        for name in sorted(idle - self._uses(image, path)) if idle else ():
            if near := _field_like(name):
                remedy = f"Did you mean {near}? Else write {{{name}}} in the prompt, or call it otherwise"
                self._problems.add((*path, name), f"no prompt uses {{{name}}}", remedy=remedy)

    def _uses(self, image: ImageSpec, path: Path) -> set[str]:
        """What this image's prompts and its pictures' names ask for; a problem for a text that can't be read."""
        uses = set(self._named)
        for name in TEXT_FIELDS:
            if name in image.settings:
                try:
                    uses |= self._uses_of(name, [image.settings])
                except TemplateError as wrong:
                    self._problems.add((*path, "set", name), str(wrong), remedy=wrong.remedy)
            else:
                uses |= self._shared[name]
        return uses

    @staticmethod
    def _uses_of(name: str, fields: list[Mapping[str, FieldValue]]) -> set[str]:
        texts = (text for one in fields for _, text in texts_in(one, name, ()))
        return {used for text in texts if "{" in text or "}" in text for used in parse_template(text).names}
