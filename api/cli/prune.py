"""`pentimento prune`: finished jobs leave the ledger, and where that is asked for the store."""

import re
from typing import Annotated

import typer

from api.cli.options import Api, AsJson
from api.cli.terminal import Terminal
from jobs.state import State

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


def seconds_of(text: str) -> float:
    """`30d`, `12h`, `90m` or `45s` in seconds."""
    found = re.fullmatch(r"(\d{1,6})([smhd])", text)
    if not found:
        raise typer.BadParameter(f"{text!r} is no age: say 30d, 12h, 90m or 45s")
    return float(int(found[1]) * UNITS[found[2]])


def prune(
    older_than: Annotated[str, typer.Option(metavar="AGE", help="Finished so long ago: 30d, 12h, 90m.")] = "30d",
    state: Annotated[list[State] | None, typer.Option(help="Only these ends; may be said several times.")] = None,
    api: Api = "",
    *,
    objects: Annotated[bool, typer.Option("--objects", help="Their pictures and records go too, for good.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say which would go.")] = False,
    as_json: AsJson = False,
) -> None:
    """Take finished jobs out of Redis. Their pictures stay, unless --objects is said.

    [dim]Examples:[/dim]

      pentimento prune --dry-run
      pentimento prune --older-than 7d --state cancelled --objects
    """
    from api.cli.address import api_url
    from api.cli.client import Client

    terminal = Terminal(as_json=as_json)
    order = {
        "older_than_seconds": seconds_of(older_than),
        "states": state or [],
        "objects": objects,
        "dry_run": dry_run,
    }
    gone: list[str] = []
    count = 0
    with Client(api_url(api)) as client:
        while True:
            made = client.prune(order)
            gone += made.jobs
            count += made.objects
            if dry_run or not made.more or not made.jobs:
                break
    terminal.answer({"jobs": gone, "objects": count, "more": made.more})
    told = f"{len(gone)} jobs {'would go' if dry_run else 'are gone'}" + (f", with {count} objects" if count else "")
    told += "; there are more" if made.more else ""
    terminal.text("\n".join([*gone, told]))
