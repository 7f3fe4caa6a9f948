"""What suits the model: a job that leaves out its sampler, say, gets the one that its model does best with.

A model's defaults are looked up once, where a job is accepted, and written into its frozen spec: into the fields where
its models agree, else by model (`model_defaults`). What a job says itself is never touched.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from jobs.spec.fields import FIELDS
from jobs.spec.model import FieldValue, JobSpec
from jobs.variant import Scalar

Suits = Callable[[str], Mapping[str, Scalar]]
"""The defaults that a model of this name has, by field; it may raise `UnknownModel`."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A field that a job leaves to one of its models, and what it gets.

    origin: the job's own `model_defaults`, the model table, or the language, where neither says anything.
    """

    model: str
    field: str
    value: Scalar
    origin: Literal["job", "model", "language"]


def left_out(spec: JobSpec, suits: Suits) -> tuple[LeftOut, ...]:
    """Every field that is left to a model, for each model of the spec.

    Raises:
        UnknownModel: `suits` knows none of that name.

    """
    if not spec.left:
        return ()
    names = [name for name in FIELDS if name in spec.left]
    known = [(model, spec.model_defaults.get(model, {}), suits(model)) for model in spec.models]
    return tuple(_one(model, name, said, own) for model, said, own in known for name in names)


def _one(model: str, name: str, said: Mapping[str, FieldValue], own: Mapping[str, Scalar]) -> LeftOut:
    value = said.get(name)
    if isinstance(value, str | int | float):
        return LeftOut(model, name, value, "job")
    default = FIELDS[name].default
    if name in own or default is None:
        return LeftOut(model, name, own[name], "model")
    return LeftOut(model, name, default, "language")


def settled(spec: JobSpec, found: tuple[LeftOut, ...]) -> JobSpec:
    """The spec with what `left_out` found, written out."""
    values: dict[str, dict[str, Scalar]] = {}
    for one in found:
        values.setdefault(one.field, {})[one.model] = one.value
    agreed = {name: next(iter(of.values())) for name, of in values.items() if len(set(of.values())) == 1}
    rest = values.keys() - agreed.keys()
    return replace(
        spec,
        fixed={**spec.fixed, **agreed},
        left=frozenset(rest),
        model_defaults={model: {name: values[name][model] for name in sorted(rest)} for model in spec.models}
        if rest
        else {},
    )
