"""Reads one value of the sweep: a field's, a variable's, a prompt, or a list or range of them."""

import math
from collections.abc import Mapping, Sequence
from decimal import Decimal

from jobs.loras import read_loras, written
from jobs.samplers import AVAILABLE, canonical
from jobs.spec.choices import Choices, has_choices, read_row
from jobs.spec.fields import ALIASES, FIELDS, MAX_TEXT, Field
from jobs.spec.images import check_uri
from jobs.spec.model import FieldValue, label
from jobs.spec.numbers import MAX_VALUES, Span, spaced, stepped
from jobs.spec.problems import Path, Problems
from jobs.template import TemplateError
from jobs.variant import Scalar, WeightedPrompt

TEXT_FIELDS = ("prompt", "negative_prompt")
MAX_PROMPTS = 16
_FAR = 1e15


def read_value(problems: Problems, name: str, value: object, path: Path) -> FieldValue | None:  # noqa: PLR0911 # a table of kinds
    """One value of the field or variable `name` (an alias is converted), None after a problem."""
    field = FIELDS.get(ALIASES.get(name, name))
    if field is None:
        return read_variable(problems, value, path)
    if field.kind in {"number", "integer"}:
        number = problems.number(value, path, low=field.low, high=field.high, whole=field.kind == "integer")
        return float(1 - Decimal(repr(number))) if number is not None and name == "image_strength" else number
    if field.kind == "prompt":
        return _prompt(problems, value, path)
    if field.kind == "sampler":
        return _sampler(problems, value, path)
    if field.kind == "choice":
        return _choice(problems, field, value, path)
    if field.kind == "uri":
        return _uri(problems, value, path)
    if field.kind == "loras":
        return _loras(problems, value, path)
    said = problems.text(value, path, limit=int(field.high))
    if said is not None and not said.strip() and field.required:
        problems.add(path, f"{name} is empty", value=value)
        return None
    return said


def read_variable(problems: Problems, value: object, path: Path) -> Scalar | None:
    """A variable's value: text, a finite number, true or false."""
    if isinstance(value, str):
        return problems.text(value, path, limit=MAX_TEXT)
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float) and -_FAR <= value <= _FAR:
        return int(value) if value == int(value) else value
    problems.add(path, "must be text, a number up to 10¹⁵, true or false", value=value)
    return None


def _uri(problems: Problems, value: object, path: Path) -> str | None:
    said = "" if value == "" else problems.text(value, path, limit=10_000, what="a URI")
    return said if said == "" or (said is not None and check_uri(problems, said, path)) else None


def _choice(problems: Problems, field: Field, value: object, path: Path) -> str | None:
    if isinstance(value, str) and value in field.choices:
        return value
    problems.add(path, f"must be one of {', '.join(field.choices)}", value=value)
    return None


def _loras(problems: Problems, value: object, path: Path) -> str | None:
    said = "" if value == "" else problems.text(value, path, limit=1000)
    try:
        return None if said is None else written(read_loras(said))
    except ValueError as wrong:
        problems.add(
            path, str(wrong), value=value, remedy="Write `crayon:0.8, ink:0.5`; for an axis a list of such texts"
        )
        return None


def _sampler(problems: Problems, value: object, path: Path) -> str | None:
    said = problems.text(value, path, limit=100)
    if said is None:
        return None
    try:
        name = canonical(said)
    except ValueError as unknown:
        message, _, remedy = str(unknown).partition("; ")
        problems.add(path, message, value=value, remedy=remedy[:1].upper() + remedy[1:])
        return None
    if name not in AVAILABLE:
        remedy = f"Use one of {', '.join(sorted(AVAILABLE))}"
        problems.add(path, f"the sampler {name} is known, but not run yet", value=value, remedy=remedy)
        return None
    return name


def _prompt(problems: Problems, value: object, path: Path) -> tuple[WeightedPrompt, ...] | None:
    if isinstance(value, str):
        said = problems.text(value, path, limit=MAX_TEXT)
        return None if said is None else (WeightedPrompt(said),)
    if not isinstance(value, list) or not value:
        problems.add(path, "must be text or a list of {text, weight}", value=value)
        return None
    if len(value) > MAX_PROMPTS:
        problems.add(path, f"has {len(value)} weighted texts, at most {MAX_PROMPTS} are blended")
        return None
    parts = [_weighted(problems, part, (*path, k)) for k, part in enumerate(value)]
    whole = tuple(part for part in parts if part is not None)
    return whole if len(whole) == len(parts) else None


def _weighted(problems: Problems, value: object, path: Path) -> WeightedPrompt | None:
    if isinstance(value, str):
        problems.add(
            path,
            "is plain text between weighted ones",
            value=value,
            remedy="Write {text: …, weight: 1}, or only plain texts for an axis of prompts",
        )
        return None
    part = problems.mapping(value, path, what="a weighted prompt")
    for key in part.keys() - {"text", "weight"}:
        problems.add((*path, key), "a weighted prompt has text and weight only")
    text = problems.text(part.get("text"), (*path, "text"), limit=MAX_TEXT)
    weight = problems.number(part.get("weight", 1), (*path, "weight"), low=-10, high=10, whole=False)
    return None if text is None or weight is None else WeightedPrompt(text, weight)


def is_axis(name: str, value: object) -> bool:
    """Whether a top-level field's value stands for many: a list, a range, or text with alternatives."""
    if isinstance(value, Mapping):
        return bool(value.keys() & {"range", "linspace"})
    if name in TEXT_FIELDS and _alternatives(value):
        return True
    if not isinstance(value, list):
        return False
    return name != "prompt" or not value or isinstance(value[0], str | list)


def _alternatives(value: object) -> bool:
    """Whether one text, or one prompt of weighted texts, holds alternatives or tries to."""
    if isinstance(value, list):
        return any(isinstance(part, Mapping) and _alternatives(part.get("text")) for part in value)
    if not isinstance(value, str) or "{" not in value or "|" not in value:
        return False
    try:
        return read_row(value).count > 1
    except TemplateError:
        return True


def read_column(problems: Problems, name: str, value: object, path: Path) -> Sequence[FieldValue] | None:
    """All values of an axis that moves `name` alone, None after a problem."""
    if isinstance(value, Mapping):
        return _range(problems, name, value, path)
    if name in TEXT_FIELDS and _alternatives(value):
        one = read_value(problems, name, value, path)
        return None if one is None else _with_choices(problems, [one], path)
    if not isinstance(value, list):
        problems.add(path, "an axis is a list, {range: [from, to, step]} or {linspace: [from, to, n]}", value=value)
        return None
    if not value:
        problems.add(path, "an empty axis makes an empty sweep", value=value, remedy="Give it a value or leave it out")
        return None
    if len(value) > MAX_VALUES:
        problems.add(path, f"has {len(value)} values, an axis at most {MAX_VALUES}")
        return None
    column: list[FieldValue] = []
    for k, item in enumerate(value):
        good = read_value(problems, name, item, (*path, k))
        if good is not None:
            column.append(good)
        elif problems.full:
            break
    return _whole(problems, name, column, path) if len(column) == len(value) else None


def _whole(problems: Problems, name: str, column: list[FieldValue], path: Path) -> Sequence[FieldValue] | None:
    """The column of a list whose items were all good."""
    if name in TEXT_FIELDS and any("|" in str(label(item)) for item in column):
        return _with_choices(problems, column, path)
    return tuple(column) if _distinct(problems, column, path) else None


def _with_choices(problems: Problems, column: Sequence[FieldValue], path: Path) -> Sequence[FieldValue] | None:
    """The column with its alternatives, if it has any."""
    try:
        if not any(has_choices(item) for item in column):
            return tuple(column) if _distinct(problems, column, path) else None
        choices = Choices.of(column)
    except TemplateError as wrong:
        problems.add(path, str(wrong), remedy=wrong.remedy)
        return None
    twice = choices.repeated()
    if twice is not None:
        remedy = "Take one of the alternatives out"
        problems.add(path, "two combinations of its alternatives are the same", value=label(twice), remedy=remedy)
        return None
    return choices


def _distinct(problems: Problems, column: Sequence[FieldValue], path: Path) -> bool:
    seen: dict[tuple[type, Scalar], int] = {}
    for k, item in enumerate(column):
        said = label(item)
        first = seen.setdefault((bool if isinstance(said, bool) else object, said), k)
        if first != k:
            remedy = "Remove it; for several pictures of one cell there is `samples`"
            problems.add((*path, k), f"repeats value {first + 1} of this axis", value=said, remedy=remedy)
            return False
    return True


def _range(problems: Problems, name: str, value: Mapping[object, object], path: Path) -> Span | None:
    kind = next((key for key in ("range", "linspace") if key in value), None)
    if kind is None or len(value) != 1:
        problems.add(path, "a range is {range: [from, to, step]} or {linspace: [from, to, n]}", value=value)
        return None
    field = FIELDS.get(ALIASES.get(name, name))
    if field is not None and field.kind not in {"number", "integer"}:
        problems.add(path, f"{name} is no number, so it has no {kind}", value=value, remedy="Write a list")
        return None
    numbers = _three(problems, kind, value[kind], (*path, kind))
    if numbers is None:
        return None
    first, last, third = numbers
    whole = field.kind == "integer" if field else all(n == int(n) for n in numbers) and kind == "range"
    for k, number in enumerate((first, last)):
        bounds = (field.low, field.high) if field else (-_FAR, _FAR)
        if problems.number(number, (*path, kind, k), low=bounds[0], high=bounds[1], whole=whole) is None:
            return None
    try:
        made = stepped if kind == "range" else spaced
        span = made(first, last, int(third) if kind == "linspace" else third, whole=whole)  # type: ignore[arg-type]
        span = span.mirrored() if name == "image_strength" else span
    except ValueError as wrong:
        problems.add((*path, kind), str(wrong), value=value[kind])
        return None
    return span


def _three(problems: Problems, kind: str, value: object, path: Path) -> tuple[float, float, float] | None:
    third = "step" if kind == "range" else "n"
    good = (
        isinstance(value, list)
        and len(value) == 3
        and all(isinstance(n, int | float) and not isinstance(n, bool) and -_FAR <= n <= _FAR for n in value)
        and all(math.isfinite(n) for n in value)
    )
    if not good or not isinstance(value, list) or (kind == "linspace" and value[2] != int(value[2])):
        problems.add(path, f"must be three numbers: [from, to, {third}]", value=value)
        return None
    return (value[0], value[1], value[2])
