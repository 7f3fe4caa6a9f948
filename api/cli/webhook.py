"""`pentimento webhook`: tell a job's end again."""

from enum import StrEnum
from typing import Annotated

import typer

from api.cli.options import Api, AsJson, JobId
from api.cli.terminal import Terminal


class Action(StrEnum):
    """What can be asked of a webhook."""

    RESEND = "resend"


def webhook(
    action: Annotated[Action, typer.Argument(metavar="resend")], job: JobId, api: Api = "", *, as_json: AsJson = False
) -> None:
    """Tell a job's end to its webhook again, under the same id.

    [dim]Example:[/dim]  pentimento webhook resend 01JY3ZJ8E5
    """
    from api.cli.address import api_url
    from api.cli.client import Client
    from api.cli.show import summary

    terminal = Terminal(as_json=as_json)
    with Client(api_url(api)) as client:
        found = client.act(job, f"webhook/{action}")
    terminal.answer(found)
    terminal.text(summary(found))
