"""`pentimento worker`: become a worker. The process is replaced, so signals reach the worker itself."""

import os
import sys
from typing import Annotated

import typer


def worker(
    arguments: Annotated[list[str] | None, typer.Argument(help="Passed on to `python -m worker`.")] = None,
) -> None:
    """Run a worker here: one process for one device, in the foreground.

    It finds Redis and storage by PENTIMENTO_REDIS_URL, PENTIMENTO_S3_ENDPOINT and the other settings. Ctrl-C or
    SIGTERM lets it finish what is in flight and give back the rest; a second one ends it at once.

    [dim]Example:[/dim]  PENTIMENTO_DEVICE=cuda:1 pentimento worker
    """
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", "worker", *(arguments or [])])  # noqa: S606
