"""A sweep grows by a factor with every axis: before a large one begins, somebody has to say that it was meant."""

import sys
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import typer

from api.cli.exits import USAGE
from api.cli.terminal import Terminal
from jobs.state import State

if TYPE_CHECKING:
    from api.cli.answers import Job
    from api.cli.client import Client
    from jobs.spec import JobSpec

ASK_ABOVE = 10_000
LOOK_SECONDS = 0.5


def asked(terminal: Terminal, spec: "JobSpec", *, yes: bool) -> "JobSpec":
    """Have a large job confirmed; where its images are still to be listed, the spec that has the farm wait for it.

    Raises:
        typer.Exit: nobody is there to be asked, or the answer is no.

    """
    from jobs.sweep import Sweep

    if yes or spec.run.confirm_above is not None:
        return spec
    if spec.open:
        return replace(spec, run=replace(spec.run, confirm_above=ASK_ABOVE))
    count = Sweep(spec).count
    if count > ASK_ABOVE and not _agreed(terminal, count):
        if not _someone(terminal):
            sys.stderr.write(f"This job makes {count:,} pictures; add --yes if that is meant.\n")
        raise typer.Exit(USAGE)
    return spec


def meant(client: "Client", terminal: Terminal, job: "Job", *, above: int, wait: bool) -> None:
    """Where the farm counts the pictures: wait until it has, and ask, if somebody is there to be asked.

    wait: also where nobody is, because what comes next would wait for ever.

    Raises:
        typer.Exit: the answer is no (the job is cancelled), or nobody is there to be asked (it stays paused).

    """
    if not (wait or _someone(terminal)):
        terminal.note(f"With more than {above:,} pictures it waits for: pentimento resume {job.id}")
        return
    while job.state is State.PLANNING:
        time.sleep(LOOK_SECONDS)
        job = client.job(job.id)
    if job.state is not State.PAUSED or job.count <= above:
        return
    if not _someone(terminal):
        sys.stderr.write(f"The job {job.id} makes {job.count:,} pictures and waits for: pentimento resume {job.id}\n")
        raise typer.Exit(USAGE)
    if not _agreed(terminal, job.count):
        client.act(job.id, "cancel")
        terminal.note(f"The job {job.id} is cancelled; nothing was made.")
        raise typer.Exit(USAGE)
    client.act(job.id, "resume")


def _someone(terminal: Terminal) -> bool:
    return not terminal.as_json and sys.stdin.isatty()


def _agreed(terminal: Terminal, count: int) -> bool:
    return _someone(terminal) and typer.confirm(f"This job makes {count:,} pictures. Go on?", err=True)
