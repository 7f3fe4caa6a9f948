"""`pentimento doctor`: what is wrong with the farm, and what to do about it."""

from typing import Annotated

import typer

from api.cli.exits import NOT_ALL
from api.cli.options import Api, AsJson
from api.cli.terminal import Terminal


def doctor(
    api: Api = "",
    *,
    repair: Annotated[
        bool, typer.Option("--repair", help="Also do what is safe: reap, send tickets, put lost duties back.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Look at Redis, storage, workers, tickets and jobs. The exit code is 1 where something is wrong.

    [dim]Examples:[/dim]

      pentimento doctor
      pentimento doctor --repair
    """
    from api.cli.address import api_url
    from api.cli.client import Client

    terminal = Terminal(as_json=as_json)
    with Client(api_url(api)) as client:
        found = client.doctor(repair=repair)
    terminal.answer(found)
    rows = [
        (one.status, one.name, one.detail, "; ".join(filter(None, (one.remedy, one.repaired))))
        for one in found.findings
    ]
    terminal.table(("", "what", "found", "remedy"), rows, empty="")
    if not found.well:
        raise typer.Exit(NOT_ALL)
