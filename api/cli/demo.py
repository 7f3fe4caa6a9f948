"""`pentimento demo`: from nothing to repainted pictures in one command, with the same parts that a real farm has."""

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.address import DATA_DIR
from api.cli.exits import INTERRUPTED, NOT_ALL
from api.cli.interrupts import sigterm_as_interrupt
from api.cli.options import AsJson
from api.cli.terminal import Terminal

if TYPE_CHECKING:
    from api.cli.answers import Job
    from api.cli.client import Client
    from api.stack import Stack

# The sheet and the records are made after the last picture; a farm that is at work on others may take a while.
WRITTEN_SECONDS = 60


def demo(
    images: Annotated[
        Path | None, typer.Option(metavar="DIR", exists=True, file_okay=False, help="Your pictures, not painted ones.")
    ] = None,
    data: Annotated[Path, typer.Option(metavar="DIR", help="Where everything is kept.")] = DATA_DIR,
    *,
    keep: Annotated[bool, typer.Option("--keep", help="Leave the farm running until Ctrl-C.")] = False,
    as_json: AsJson = False,
) -> None:
    """Start a whole farm here, submit a small job to it, show its progress, check its pictures.

    Nothing is faked: Redis, an S3 store, the API and a worker with a real diffusion model. It is a small one that ships
    with the source and knows eight scenes in six media; for your own pictures an even smaller one that only smears.

    [dim]Examples:[/dim]

      pentimento demo
      pentimento demo --images ~/pictures --keep
    """
    terminal = Terminal(as_json=as_json)
    try:
        with sigterm_as_interrupt():
            whole = _run(terminal, images=images, data=data, keep=keep)
    except KeyboardInterrupt:
        terminal.note("Stopped; nothing is left running.")
        raise typer.Exit(INTERRUPTED) from None
    if not whole:
        raise typer.Exit(NOT_ALL)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a demo came to: where everything lies, and how long each part took, in seconds."""

    job: "Job"
    manifest: Path
    pictures: Path
    sheet: Path | None
    frozen: Path
    whole: bool
    seconds: dict[str, float]


@dataclass(slots=True)
class _Clock:
    took: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def __call__(self, what: str) -> Iterator[None]:
        before = time.monotonic()
        yield
        self.took[what] = round(time.monotonic() - before, 2)


def _run(terminal: Terminal, *, images: Path | None, data: Path, keep: bool) -> bool:
    # What is needed later, too: an interrupt in the middle of an import comes out as whatever the import makes of it.
    from api.cli import progress, results, show, sse, submit, watch  # noqa: F401
    from api.cli.client import Client
    from api.cli.staging import stage
    from api.stack import Stack

    clock = _Clock()
    with clock("init images"):
        manifest = stage(data / "demo", images)
    terminal.note(f"init images and manifest in {manifest.parent} ({clock.took['init images']:.1f} s)")
    stack = Stack(data, on_event=terminal.note)
    with clock("start"):
        stack.start()
    try:
        with _guarded(stack):
            with Client(stack.api_url) as client:
                outcome = _make(client, terminal, clock, manifest)
            _say(terminal, stack, outcome, keep=keep)
            if keep:
                terminal.note(f"The farm stays up at {stack.api_url} until Ctrl-C.")
                stack.wait()
    finally:
        stack.stop()
    return outcome.whole


def _make(client: "Client", terminal: Terminal, clock: _Clock, manifest: Path) -> Outcome:
    """Submit the manifest, follow the job, fetch everything and check it."""
    from api.cli.results import fetch
    from api.cli.staging import python
    from api.cli.submit import read, send
    from api.cli.watch import follow

    folder = manifest.parent
    spec, text, brought = read(manifest)
    with clock("pictures"):
        job, _ = send(client, terminal, spec, text=text, pictures=brought, file=manifest, key="")
        terminal.note(f"job {job.id} is accepted")
        job = _written(client, follow(client, terminal, job.id))
    pictures, frozen = folder / "pictures" / job.id, folder / "job.json"
    with clock("check"):
        fetch(client, terminal, job, pictures)
        frozen.write_bytes(client.manifest(job.id))
        sheet = _sheet(client, job, folder / "sheet.png")
        # A decoder is what tells a picture from bytes, and this process must not import one.
        python("-m", "worker.output.verify", str(pictures), "--expect", str(job.settled))
    whole = job.complete and job.settled == job.count > 0
    return Outcome(job, manifest, pictures, sheet, frozen, whole, clock.took)


def _written(client: "Client", job: "Job") -> "Job":
    """The job once its records and its sheet are stored, or as it is after WRITTEN_SECONDS."""
    deadline = time.monotonic() + WRITTEN_SECONDS
    while not job.written and time.monotonic() < deadline:
        time.sleep(0.1)
        job = client.job(job.id)
    return job


def _sheet(client: "Client", job: "Job", path: Path) -> Path | None:
    data = client.sheet(job.id)
    if data is None:
        return None
    path.write_bytes(data)
    return path


@contextmanager
def _guarded(stack: "Stack") -> Iterator[None]:
    """Whatever happens inside ends when one of the farm's processes does: nobody would make the pictures.

    Raises:
        ChildFailed: which one it was.

    """
    from api.stack import ChildFailed

    found: list[ChildFailed] = []
    leaving, gate = threading.Event(), threading.Lock()

    def guard() -> None:
        try:
            stack.wait()
        except ChildFailed as failed:
            # A real signal: it also wakes a main thread that waits for the network. One that came when the interpreter
            # is on its way out would kill it, whatever exit code it had in mind.
            with gate:
                if not leaving.is_set():
                    found.append(failed)
                    signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

    threading.Thread(target=guard, daemon=True).start()
    try:
        yield
    except KeyboardInterrupt:
        if found:
            raise found[0] from None
        raise
    finally:
        with gate:
            leaving.set()


def _say(terminal: Terminal, stack: "Stack", outcome: Outcome, *, keep: bool) -> None:
    from api.cli.show import summary
    from jobs.settings import settings

    job = outcome.job
    stored = stack.folder.objects / job.results_uri.removeprefix("s3://")
    url = stack.api_url if keep else settings().api_url
    up = "./pentimento up" + ("" if stack.folder.path == DATA_DIR else f" --data {stack.folder.path}")
    curl = f"curl -H 'Content-Type: application/json' --data-binary @{outcome.frozen} {url}/v1/jobs"
    places = {
        "files": str(outcome.pictures),
        "stored as": str(stored) if stored.is_dir() else "",
        "sheet": str(outcome.sheet or ""),
        "manifest": str(outcome.manifest),
        "again": curl if keep else f"{up}, then in another terminal: {curl}",
    }
    terminal.answer(
        {"job": job.model_dump(mode="json"), "whole": outcome.whole, "seconds": outcome.seconds, "curl": curl}
        | {name: said for name, said in places.items() if name != "again"}
    )
    terminal.text(summary(job).rpartition("\n")[0])
    for name, said in places.items():
        if said:
            terminal.text(f"{name:<9} {said}")
    terminal.text(f"{'times':<9} {', '.join(f'{what} {took:.1f} s' for what, took in outcome.seconds.items())}")
    verdict = "Every picture is there and decodes." if outcome.whole else "NOT every picture is there: see above."
    terminal.text(verdict)
