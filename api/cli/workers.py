"""`pentimento workers`: who is at work, and who shall be no longer."""

import time
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated

import typer

from api.cli.options import Api, AsJson
from api.cli.terminal import Terminal


class Action(StrEnum):
    """What can be asked of one worker."""

    DRAIN = "drain"
    RESUME = "resume"


def workers(
    action: Annotated[Action | None, typer.Argument(metavar="[drain|resume]", help="Ask one worker for this.")] = None,
    worker: Annotated[str, typer.Argument(metavar="[WORKER]", help="Its id.")] = "",
    api: Api = "",
    *,
    as_json: AsJson = False,
) -> None:
    """List the workers that announced themselves lately, or let one run empty.

    A drained worker finishes what is in flight, gives the rest back and takes no more work until it is resumed.

    [dim]Examples:[/dim]

      pentimento workers
      pentimento workers --json | jq '[.workers[].rendered] | add'
      pentimento workers drain gpu-3-4711-a1b2c3
    """
    from api.cli.address import api_url
    from api.cli.client import Client
    from api.cli.progress import duration
    from jobs.errors import CallersFault

    terminal = Terminal(as_json=as_json)
    if action and not worker:
        raise CallersFault(f"{action} which worker?", remedy="Name one that `pentimento workers` lists.")
    with Client(api_url(api)) as client:
        found = client.drain(worker, wanted=action is Action.DRAIN) if action else client.workers()
    terminal.answer(found)
    rows = [
        (
            one.id,
            one.device_name or one.device,
            one.backend,
            ", ".join(one.models),
            f"{one.busy}/{one.slots}{' drained' if one.drained else ''}{_loading(one.loading)}",
            str(one.rendered),
            f"{duration(max(0.0, time.time() - one.seen_at))} ago",
        )
        for one in found.workers
    ]
    terminal.table(
        ("worker", "device", "backend", "models", "busy", "rendered", "seen"),
        rows,
        empty="No workers. Start one: pentimento worker",
    )


def _loading(models: Mapping[str, int]) -> str:
    told = (f"{alias}, {size / 1e9:.1f} GB so far" if size else alias for alias, size in sorted(models.items()))
    return f" loads {'; '.join(told)}" if models else ""
