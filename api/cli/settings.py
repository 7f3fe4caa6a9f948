"""`pentimento settings`: what can be set, what it means, and what it is here."""

from typing import TYPE_CHECKING

from api.cli.options import AsJson
from api.cli.terminal import Terminal

if TYPE_CHECKING:
    from jobs.settings import Settings


def settings(*, as_json: AsJson = False) -> None:
    """List the settings: environment variables, their meaning, and what they are for a process started here.

    Secrets are never shown. Any secret may come from a file: PENTIMENTO_S3_SECRET_KEY_FILE names one, and so on.

    [dim]Examples:[/dim]

      pentimento settings
      PENTIMENTO_DEVICE=cuda:1 pentimento settings --json | jq '.settings[] | select(.set)'
    """
    from jobs.settings import settings as read

    terminal = Terminal(as_json=as_json)
    rows = _rows(read())
    warn(terminal)
    terminal.answer({"settings": rows})
    marks = ((f"{row['name']}{' *' if row['set'] else ''}", str(row["value"]), str(row["about"])) for row in rows)
    terminal.table(("setting (*: set)", "value", "meaning"), marks, empty="")


def warn(terminal: Terminal) -> None:
    """Say which variables look like settings and are none."""
    from jobs.settings import unknown

    for name, near in unknown().items():
        terminal.note(f"{name} is no setting{f'; did you mean {near}?' if near else ''}")


def _rows(here: "Settings") -> list[dict[str, object]]:
    from pydantic import SecretStr

    from jobs.settings import variable

    rows: list[dict[str, object]] = []
    for name, field in type(here).model_fields.items():
        found = getattr(here, name)
        if isinstance(found, SecretStr):
            shown = "(a secret)" if found.get_secret_value() else ""
        elif isinstance(found, tuple):
            shown = ",".join(str(one) for one in found)
        else:
            shown = "" if found is None else str(found)
        about = field.description or ""
        rows.append({"name": variable(name), "value": shown, "set": name in here.model_fields_set, "about": about})
    return rows
