"""`pentimento why`: what a job or a variant waits for, or why it failed."""

from typing import Annotated

import typer

from api.cli.options import Api, AsJson, JobId
from api.cli.terminal import Terminal


def why(
    job: JobId,
    index: Annotated[int | None, typer.Argument(min=0, metavar="[INDEX]", help="One variant of it.")] = None,
    api: Api = "",
    *,
    as_json: AsJson = False,
) -> None:
    """Say why a job, or one variant of it, is waiting or has failed.

    [dim]Examples:[/dim]

      pentimento why 01JY3ZJ8E5
      pentimento why 01JY3ZJ8E5 42
    """
    from api.cli.address import api_url
    from api.cli.client import Client

    terminal = Terminal(as_json=as_json)
    with Client(api_url(api)) as client:
        found = client.why(job, index)
    terminal.answer(found)
    terminal.text("\n".join([found.state, *(f"  {said}" for said in found.sentences)]))
