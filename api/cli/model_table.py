"""What this machine's own model table says of a manifest, for commands that ask no farm, whose table may be another."""

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


def resolved(spec: JobSpec) -> Resolved:
    """The spec as the table of this machine resolves it; what that does not know gets the language's defaults.

    Raises:
        InvalidSpec: the table can't be read; cells that are the same once the defaults stand.

    """
    table = ModelTable.load(settings().models_file)
    warnings: dict[str, None] = {}

    def suits(name: str) -> dict[str, Scalar]:
        try:
            return dict(table.suits(name))
        except UnknownModel as unknown:
            hint = str(unknown).partition("; ")[2]
            said = (
                f"the model {name!r} is not in the model table of this machine; a farm may have it, and refuses the job"
            )
            warnings[f"{said} if not. {hint[:1].upper()}{hint[1:]}".rstrip()] = None
            return {}

    for name in spec.models:
        suits(name)
    left = left_out(spec, suits)
    return Resolved(with_defaults(spec, suits), left, None if warnings else table, tuple(warnings))
