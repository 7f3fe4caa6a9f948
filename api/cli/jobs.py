"""`pentimento jobs`: what was asked for lately."""

from typing import Annotated

import typer

from api.cli.options import Api, AsJson
from api.cli.terminal import Terminal
from jobs.state import State


def jobs(
    state: Annotated[State | None, typer.Option(help="Only jobs in this state.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=100, help="How many, newest first.")] = 20,
    cursor: Annotated[str, typer.Option(help="Where the page before this one ended.")] = "",
    api: Api = "",
    *,
    as_json: AsJson = False,
) -> None:
    """List jobs, newest first.

    [dim]Examples:[/dim]

      pentimento jobs
      pentimento jobs --state running --json | jq -r '.jobs[].id'
    """
    from api.cli.address import api_url
    from api.cli.client import Client
    from api.cli.show import moment

    terminal = Terminal(as_json=as_json)
    with Client(api_url(api)) as client:
        page = client.jobs(state=state or "", limit=limit, cursor=cursor)
    terminal.answer(page)
    rows = [
        (
            job.id,
            job.name,
            str(job.state),
            f"{job.settled}/{job.count}",
            str(job.refused or "-"),
            moment(job.created_at),
        )
        for job in page.jobs
    ]
    terminal.table(
        ("job", "name", "state", "pictures", "refused", "submitted"),
        rows,
        empty="No jobs. Submit one: pentimento submit MANIFEST",
    )
    if page.next_cursor:
        terminal.note(f"There are more: pentimento jobs --cursor {page.next_cursor}")
