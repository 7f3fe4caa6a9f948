"""Reads the axes of a document: fields that were given many values, and the matrix."""

from collections.abc import Mapping, Sequence
from itertools import product

from jobs.spec.choices import expanded, has_choices
from jobs.spec.fields import ALIASES, FIELDS, MAX_AXES
from jobs.spec.model import AxisSpec, FieldValue, label
from jobs.spec.numbers import MAX_VALUES
from jobs.spec.problems import Path, Problems, spell_path
from jobs.spec.values import TEXT_FIELDS, read_column, read_value
from jobs.template import NAME, TemplateError

RESERVED = ("image", "index", "sample")
"""Names that mean something in an output name already."""

MAX_JOINT = 32


def variable_name(problems: Problems, name: str, path: Path) -> bool:
    """Whether a variable may be called so."""
    if not NAME.fullmatch(name):
        problems.add(path, "a variable is letters, digits and _, at most 64, no digit first", value=name)
        return False
    if name in RESERVED:
        problems.add(path, f"{name} means something in output names already", remedy="Choose another word")
        return False
    return True


class Axes:
    """The axes as they are found; `moved` says which name is moved by what, `broken` which names had problems."""

    def __init__(self, problems: Problems) -> None:
        self._problems = problems
        self.found: list[AxisSpec] = []
        self.moved: dict[str, Path] = {}
        self.broken: set[str] = set()

    def field(self, name: str, value: object, path: Path) -> None:
        """A top-level field (or alias) whose value is a list or a range."""
        self._single(name, value, path, in_matrix=False)

    def matrix(self, value: object, path: Path) -> None:
        """The matrix: each key an axis of its own."""
        matrix = self._problems.mapping(value, path, what="the matrix")
        if len(self.found) + len(matrix) > MAX_AXES:
            self._problems.add(
                path, f"the sweep has {len(self.found) + len(matrix)} axes, at most {MAX_AXES} are taken"
            )
            self.broken.update(matrix)
            return
        for key, axis in matrix.items():
            self._matrix_axis(key, axis, (*path, key))

    def _matrix_axis(self, key: str, value: object, path: Path) -> None:
        objects = isinstance(value, list) and any(isinstance(item, Mapping) for item in value)
        if objects and isinstance(value, list) and (key not in FIELDS or key == "prompt"):
            self._joint(key, value, path)
        elif key in FIELDS or key in ALIASES or variable_name(self._problems, key, path):
            self._single(key, value, path, in_matrix=True)
        else:
            self.broken.add(key)

    def _single(self, name: str, value: object, path: Path, *, in_matrix: bool) -> None:
        canonical = ALIASES.get(name, name)
        if not self._claim(canonical, path):
            return
        column = read_column(self._problems, name, value, path)
        if column is None:
            self.broken.add(canonical)
        else:
            self.found.append(AxisSpec(canonical, (canonical,), (column,), in_matrix))

    def _claim(self, name: str, path: Path) -> bool:
        before = self.moved.setdefault(name, path)
        if before == path:
            return True
        self._problems.add(
            path,
            f"{name} is moved by {spell_path(before)} already",
            remedy="Let one axis move it: one list, or one list of objects",
        )
        return False

    def _joint(self, key: str, cells: list[object], path: Path) -> None:
        if len(cells) > MAX_VALUES:
            self._problems.add(path, f"has {len(cells)} values, an axis at most {MAX_VALUES}")
            return
        rows: list[tuple[dict[str, FieldValue], bool]] = []
        for k, cell in enumerate(cells):
            rows.append(read_fields(self._problems, cell, (*path, k)))
            if self._problems.full:
                return
        names = tuple(dict.fromkeys(name for row, _ in rows for name in row))
        claimed = [self._claim(name, path) for name in names]
        if all(good for _, good in rows) and all(claimed) and self._equal(rows, names, path):
            written = self._written_out([row for row, _ in rows], path)
            columns = tuple(tuple(row[name] for row in written) for name in names)
            self.found.append(AxisSpec(key, names, columns, in_matrix=True))
        else:
            self.broken.update(names)

    def _written_out(self, rows: list[dict[str, FieldValue]], path: Path) -> list[dict[str, FieldValue]]:
        """The rows with each combination of their texts' alternatives as a row of its own."""
        if not any(has_choices(row.get(name, "")) for row in rows for name in TEXT_FIELDS):
            return rows
        whole: list[dict[str, FieldValue]] = []
        try:
            for row in rows:
                texts = [[(name, one) for one in expanded(row[name])] for name in TEXT_FIELDS if name in row]
                whole += [{**row, **dict(chosen)} for chosen in product(*texts)]
                if len(whole) > MAX_VALUES:
                    self._problems.add(path, f"has more than {MAX_VALUES} values once alternatives are written out")
                    return rows
        except TemplateError as wrong:
            self._problems.add(path, str(wrong), remedy=wrong.remedy)
            return rows
        seen: set[str] = set()
        for row in whole:
            said = repr([label(value) for value in row.values()])
            if said in seen:
                remedy = "Take one of the alternatives out"
                self._problems.add(path, "two cells are the same once alternatives are written out", remedy=remedy)
                break
            seen.add(said)
        return whole

    def _equal(self, rows: Sequence[tuple[dict[str, FieldValue], bool]], names: tuple[str, ...], path: Path) -> bool:
        if not names or len(names) > MAX_JOINT:
            self._problems.add(path, f"each object moves 1 to {MAX_JOINT} fields", value=len(names))
            return False
        seen: dict[str, int] = {}
        for k, (row, _) in enumerate(rows):
            missing = [name for name in names if name not in row]
            if missing:
                self._problems.add(
                    (*path, k),
                    f"does not set {', '.join(missing)}, as others of this axis do",
                    remedy="Let every object of an axis set the same fields",
                )
                return False
            first = seen.setdefault(repr([label(row[name]) for name in names]), k)
            if first != k:
                self._problems.add((*path, k), f"repeats value {first + 1} of this axis", remedy="Remove it")
                return False
        return True


def read_fields(problems: Problems, value: object, path: Path) -> tuple[dict[str, FieldValue], bool]:
    """Fields and variables with one value each, aliases converted, and whether all were good."""
    read: dict[str, FieldValue] = {}
    said: dict[str, str] = {}
    before = len(problems.found)
    fields = problems.mapping(value, path, what="this")
    if not fields and len(problems.found) == before:
        problems.add(path, "is empty", remedy="Name a field or a variable, or remove it")
    for key, item in fields.items():
        name = ALIASES.get(key, key)
        if name in said:
            problems.add((*path, key), f"says again what {said[name]} says", remedy=f"Keep one of {said[name]}, {key}")
            continue
        said[name] = key
        if name not in FIELDS and not variable_name(problems, key, (*path, key)):
            continue
        if isinstance(item, Mapping) or (isinstance(item, list) and name != "prompt"):
            problems.add((*path, key), "must be one value here, not a list or a range", value=item)
            continue
        good = read_value(problems, key, item, (*path, key))
        if good is not None:
            read[name] = good
    return read, len(problems.found) == before and len(read) == len(fields)
