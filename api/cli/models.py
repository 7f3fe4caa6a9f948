"""`pentimento models`: what a job may name as its model."""

from api.cli.options import Api, AsJson
from api.cli.terminal import Terminal


def models(api: Api = "", *, as_json: AsJson = False) -> None:
    """List the models that jobs may name.

    [dim]Example:[/dim]  pentimento models
    """
    from api.cli.address import api_url
    from api.cli.client import Client

    terminal = Terminal(as_json=as_json)
    with Client(api_url(api)) as client:
        found = client.models()
    terminal.answer(found)
    rows = [
        (one.alias + (" (default)" if one.default else ""), one.family, f"{one.width}×{one.height}", one.description)
        for one in found.models
    ]
    terminal.table(("model", "family", "size", "about"), rows, empty="The model table is empty.")
