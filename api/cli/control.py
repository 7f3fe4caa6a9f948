"""`pentimento cancel`, `pause`, `resume`, `retry` and `priority`: one call each, all of them safe to repeat."""

from typing import Annotated

import typer

from api.cli.options import Api, AsJson, JobId
from api.cli.terminal import Terminal
from jobs.state import Lane


def cancel(job: JobId, api: Api = "", *, as_json: AsJson = False) -> None:
    """Stop a job for good. Pictures that are there stay; work in progress stops within a step.

    [dim]Example:[/dim]  pentimento cancel 01JY3ZJ8E5
    """
    _act(job, "cancel", api, as_json=as_json)


def pause(job: JobId, api: Api = "", *, as_json: AsJson = False) -> None:
    """Let a job rest: nothing of it is begun until `pentimento resume`.

    [dim]Example:[/dim]  pentimento pause 01JY3ZJ8E5
    """
    _act(job, "pause", api, as_json=as_json)


def resume(
    job: JobId,
    images: Annotated[int | None, typer.Option(min=1, help="Raise the budget to so many pictures.")] = None,
    gpu_seconds: Annotated[
        float | None, typer.Option(help="Raise the budget to so many seconds of the device.")
    ] = None,
    api: Api = "",
    *,
    as_json: AsJson = False,
) -> None:
    """Let a paused job go on where it was. One whose budget is spent needs a higher one.

    [dim]Examples:[/dim]

      pentimento resume 01JY3ZJ8E5
      pentimento resume 01JY3ZJ8E5 --images 5000
    """
    budget = {"images": images, "gpu_seconds": gpu_seconds}
    _act(job, "resume", api, as_json=as_json, **{name: said for name, said in budget.items() if said is not None})


def retry(
    job: JobId,
    cause: Annotated[
        list[str] | None,
        typer.Option(metavar="CODE", help="Only what was refused for this cause; may be said several times."),
    ] = None,
    index: Annotated[str, typer.Option(metavar="RANGES", help="Only these indexes, such as 3-7,9.")] = "",
    api: Api = "",
    *,
    as_json: AsJson = False,
) -> None:
    """Try a finished job's refused variants again, and only those.

    [dim]Examples:[/dim]

      pentimento retry 01JY3ZJ8E5
      pentimento retry 01JY3ZJ8E5 --cause unreachable --index 0-99
    """
    order = {"causes": cause, "indexes": index}
    _act(job, "retry", api, as_json=as_json, **{name: said for name, said in order.items() if said})


def priority(job: JobId, lane: Annotated[Lane, typer.Argument()], api: Api = "", *, as_json: AsJson = False) -> None:
    """Move a job to another lane: urgent goes first, background yields to it.

    [dim]Example:[/dim]  pentimento priority 01JY3ZJ8E5 urgent
    """
    _act(job, "priority", api, as_json=as_json, lane=lane.value)


def _act(job: str, action: str, api: str, *, as_json: bool, **order: object) -> None:
    from api.cli.address import api_url
    from api.cli.client import Client
    from api.cli.show import summary

    terminal = Terminal(as_json=as_json)
    with Client(api_url(api)) as client:
        found = client.act(job, action, **order)
    terminal.answer(found)
    terminal.text(summary(found))
