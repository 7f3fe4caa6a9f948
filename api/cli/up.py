"""`pentimento up`: a whole farm on this machine, until somebody stops it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.address import DATA_DIR
from api.cli.interrupts import sigterm_as_interrupt
from api.cli.options import AsJson
from api.cli.terminal import Terminal

if TYPE_CHECKING:
    from api.stack import Stack


def up(
    data: Annotated[Path, typer.Option(metavar="DIR", help="Where everything is kept.")] = DATA_DIR,
    port: Annotated[
        int | None,
        typer.Option(min=0, max=65535, help="The API's port; 0 for any that is free. Default: $PENTIMENTO_PORT, 7801."),
    ] = None,
    workers: Annotated[int, typer.Option(min=0, max=64, help="How many workers; one for each GPU.")] = 1,
    *,
    as_json: AsJson = False,
) -> None:
    """Start Redis, an S3 store, the API and workers here, and keep them running until Ctrl-C.

    What PENTIMENTO_REDIS_URL and PENTIMENTO_S3_ENDPOINT name is used instead of starting one. Jobs and pictures stay
    in DIR, and go on at the next start.

    [dim]Example:[/dim]  pentimento up --data ~/farm --workers 2
    """
    from api.cli.settings import warn
    from api.stack import Stack
    from jobs.settings import settings

    terminal = Terminal(as_json=as_json)
    warn(terminal)
    stack = Stack(data, workers=workers, port=settings().port if port is None else port, on_event=terminal.note)
    try:
        with sigterm_as_interrupt(), stack:
            _say(terminal, stack)
            stack.wait()
    except KeyboardInterrupt:
        terminal.note("Stopped; nothing is left running.")


def _say(terminal: Terminal, stack: "Stack") -> None:
    """Where everything is. Keys are not shown, only where they lie."""
    folder = stack.folder
    terminal.answer(
        {
            "api_url": stack.api_url,
            "grpc_target": stack.grpc_target,
            "s3_endpoint": stack.s3_endpoint,
            "data": str(folder.path.resolve()),
            "processes": stack.processes,
        }
    )
    if terminal.as_json:
        return
    from rich.panel import Panel

    # Only a farm in the usual place, seen from where it was started, is found without being named.
    elsewhere = "" if folder.path == DATA_DIR else f" --api {stack.api_url}"
    lines = [
        f"API        {stack.api_url}  (reference: {stack.api_url}/docs)",
        f"gRPC       {stack.grpc_target}  (clients of Stability's protocol)",
        f"S3         {stack.s3_endpoint or 'AWS'}",
        *([f"S3 keys    {folder.credentials_file}"] if "s3" in stack.processes else []),
        *([f"Pictures   {folder.objects}"] if "s3" in stack.processes else []),
        f"Logs       {folder.path / 'logs'}",
        "",
        f"Submit     pentimento submit MANIFEST --watch{elsewhere}",
        "Stop       Ctrl-C",
    ]
    terminal.out.print(Panel("\n".join(lines), title="pentimento is up", expand=False), markup=False)
