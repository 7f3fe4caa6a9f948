"""`pentimento watch`: progress as it happens, redrawn for people, as lines in a pipe, as JSON lines for scripts."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from api.cli.exits import INTERRUPTED, NOT_ALL
from api.cli.options import Api, AsJson, JobId
from api.cli.terminal import Terminal

if TYPE_CHECKING:
    from api.cli.answers import Job
    from api.cli.client import Client
    from api.cli.progress import Progress
    from jobs.events import Event

# In a pipe or a log, one line of progress in this many seconds is enough; turns of the job are always said.
LINE_SECONDS = 5.0
# How often the job as a whole is asked for while refusals come in: events carry no counts by cause.
CAUSES_SECONDS = 2.0

Show = Callable[["Progress", "Event | None"], None]


def watch(job: JobId, api: Api = "", *, as_json: AsJson = False) -> None:
    """Follow a job until it ends.

    Ctrl-C only stops the watching: the job goes on, and the same command comes back to it.

    Exit code 0 when every picture is there, 1 when the job ended otherwise.

    [dim]Examples:[/dim]

      pentimento watch 01JY3ZJ8E5
      pentimento watch 01JY3ZJ8E5 --json | jq -c 'select(.event == "refused")'
    """
    from api.cli.address import api_url
    from api.cli.client import Client

    terminal = Terminal(as_json=as_json)
    with Client(api_url(api)) as client:
        finish(terminal, attend(client, terminal, job))


def attend(client: "Client", terminal: Terminal, job: str) -> "Job":
    """`follow`, where Ctrl-C only stops the watching.

    Raises:
        typer.Exit: Ctrl-C; the job goes on.

    """
    try:
        return follow(client, terminal, job, tell_events=True)
    except KeyboardInterrupt:
        terminal.note(f"Stopped watching; the job goes on. Come back with: pentimento watch {job}")
        raise typer.Exit(INTERRUPTED) from None


def follow(client: "Client", terminal: Terminal, job: str, *, tell_events: bool = False) -> "Job":
    """Show the progress of `job` until it is over, and return it as it then stands.

    tell_events: each event is part of the result, with `--json`.
    """
    from api.cli.progress import Progress
    from api.cli.sse import events

    view = client.job(job)
    job = view.id
    progress = Progress.of(view, now=time.monotonic())
    asked_at, feed = time.monotonic(), _none() if view.state.terminal else events(client, job)
    with _screen(terminal) as show:
        show(progress, None)
        for event in feed:
            progress.fold(event, now=time.monotonic())
            if tell_events:
                terminal.answer({"id": event.id, "event": event.kind, "data": dict(event.data)})
            # A feed that is read from its start may tell of an end before a retry: the job itself knows.
            ended = event.kind == "finished"
            if ended or (event.kind == "refused" and time.monotonic() - asked_at > CAUSES_SECONDS):
                view, asked_at = client.job(job), time.monotonic()
                progress.see(view)
            show(progress, event)
            if ended and view.state.terminal:
                break
    return view


def finish(terminal: Terminal, job: "Job") -> None:
    """Say how `job` ended, and exit with what that means."""
    from api.cli.show import summary

    terminal.answer({"job": job.model_dump(mode="json")})
    terminal.text(summary(job))
    if not job.complete:
        raise typer.Exit(NOT_ALL)


def _none() -> "Iterator[Event]":
    yield from ()


@contextmanager
def _screen(terminal: Terminal) -> Iterator[Show]:
    """What shows progress here: a redrawn block, plain lines, or nothing with `--json`."""
    if terminal.as_json:
        yield lambda _progress, _event: None
    elif not terminal.live:
        yield _Lines(terminal)
    else:
        from rich.live import Live

        from api.cli.screen import block

        with Live(console=terminal.err, transient=True, refresh_per_second=8) as live:
            yield lambda progress, _event: live.update(block(progress))


class _Lines:
    """Progress as lines that suit a log."""

    def __init__(self, terminal: Terminal) -> None:
        self.terminal = terminal
        self.said_at = 0.0
        self.said = ""

    def __call__(self, progress: "Progress", event: "Event | None") -> None:
        from api.cli.screen import line

        now = time.monotonic()
        often = event is not None and event.kind in {"settled", "refused", "postponed"}
        if often and now - self.said_at < LINE_SECONDS:
            return
        said, self.said_at = line(progress), now
        if said != self.said:
            self.said = said
            self.terminal.note(said)
