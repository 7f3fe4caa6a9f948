"""`pentimento recover`: after a total loss of Redis, the jobs come back from storage."""

from typing import Annotated

import typer

from api.cli.options import Api, AsJson
from api.cli.terminal import Terminal


def recover(
    uri: Annotated[str, typer.Argument(metavar="[URI]", help="The folder of one job's results. Default: all.")] = "",
    api: Api = "",
    *,
    as_json: AsJson = False,
) -> None:
    """Bring jobs back from storage after Redis has lost its state. Jobs that are there stay as they are.

    What was settled stays settled; the rest is made. Idempotency keys and pauses are lost.

    [dim]Examples:[/dim]

      pentimento recover
      pentimento recover s3://pentimento/default/01JY3ZJ8E5/
    """
    from api.cli.address import api_url
    from api.cli.client import Client

    terminal = Terminal(as_json=as_json)
    found, skipped, cursor = [], [], ""
    with Client(api_url(api)) as client:
        while True:
            made = client.recover(uri=uri, cursor=cursor)
            found += made.jobs
            skipped += made.skipped
            cursor = made.next_cursor
            terminal.note(f"{len(found)} jobs found so far") if cursor else None
            if not cursor:
                break
    terminal.answer({"jobs": [one.model_dump(mode="json") for one in found], "skipped": skipped})
    rows = [
        (
            one.job.id,
            "restored" if one.restored else "was there",
            str(one.job.state),
            f"{one.job.settled}/{one.job.count}",
        )
        for one in found
    ]
    terminal.table(("job", "", "state", "pictures"), rows, empty="No job lies in storage.")
    for said in skipped:
        terminal.note(f"skipped: {said}")
