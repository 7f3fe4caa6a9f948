"""What this machine's own model table says of a manifest, for commands that ask no farm, whose table may be another."""

from collections.abc import Mapping
from dataclasses import dataclass

from jobs.errors import UnknownModel
from jobs.models import ModelTable
from jobs.settings import settings
from jobs.spec import JobSpec, LeftOut, left_out, with_defaults
from jobs.variant import Scalar


@dataclass(frozen=True, slots=True)
class Resolved:
    """A spec with what it leaves to its models.

    table: None where it lacks a model of the spec. warnings: the models that it lacks.
    """

    spec: JobSpec
    left: tuple[LeftOut, ...]
    table: ModelTable | None
    warnings: tuple[str, ...]


class LocalTable:
    """The table of this machine. `warnings`: the models that it was asked for and lacks.

    Raises:
        InvalidSpec: the table can't be read.

    """

    def __init__(self) -> None:
        self.table = ModelTable.load(settings().models_file)
        self.warnings: dict[str, None] = {}

    def suits(self, name: str) -> Mapping[str, Scalar]:
        """The defaults of a model; none of one that this table lacks."""
        try:
            return self.table.suits(name)
        except UnknownModel as unknown:
            hint = str(unknown).partition("; ")[2]
            said = f"the model {name!r} is not in the model table of this machine; a farm may have it, and refuses"
            self.warnings[f"{said} the job if not. {hint[:1].upper()}{hint[1:]}".rstrip()] = None
            return {}


def resolved(spec: JobSpec) -> Resolved:
    """The spec as the table of this machine resolves it; what that does not know gets the language's defaults.

    Raises:
        InvalidSpec: the table can't be read; cells that are the same once the defaults stand.

    """
    here = LocalTable()
    for name in spec.models:
        here.suits(name)
    made = with_defaults(spec, here.suits)
    return Resolved(made, left_out(spec, here.suits), None if here.warnings else here.table, tuple(here.warnings))
