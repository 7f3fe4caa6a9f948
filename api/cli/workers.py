"""`pentimento workers`: who is at work."""

import time

from api.cli.options import Api, AsJson
from api.cli.terminal import Terminal


def workers(api: Api = "", *, as_json: AsJson = False) -> None:
    """List the workers that announced themselves lately.

    [dim]Examples:[/dim]

      pentimento workers
      pentimento workers --json | jq '[.workers[].rendered] | add'
    """
    from api.cli.address import api_url
    from api.cli.client import Client
    from api.cli.progress import duration

    terminal = Terminal(as_json=as_json)
    with Client(api_url(api)) as client:
        found = client.workers()
    terminal.answer(found)
    rows = [
        (
            one.id,
            one.device,
            one.backend,
            ", ".join(one.models),
            f"{one.busy}/{one.slots}",
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
