"""`pentimento submit`: a manifest becomes a job, after the pictures of this machine that it names are sent along."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from uuid import uuid4

import typer

from api.cli.confirm import ASK_ABOVE
from api.cli.options import Api, AsJson, Given
from api.cli.terminal import Terminal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from api.cli.answers import Job
    from api.cli.client import Client
    from jobs.spec import JobSpec


def _file(path: Path) -> Path:
    if str(path) != "-" and not path.is_file():
        raise typer.BadParameter(f"there is no file {path}")
    return path


ManifestFile = Annotated[
    Path, typer.Argument(metavar="MANIFEST", help="YAML, JSON, JSONL or CSV; - for stdin.", callback=_file)
]


def submit(  # noqa: PLR0913 - a command has its options
    file: ManifestFile,
    idempotency_key: Annotated[
        str, typer.Option(metavar="KEY", help="The same key gives the same job again. Default: a fresh one.")
    ] = "",
    given: Given = None,
    extends: Annotated[
        str, typer.Option(metavar="JOB", help="Render only what this job has not; the rest is linked.")
    ] = "",
    api: Api = "",
    *,
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Follow the job until it ends.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help=f"Don't ask, however many above {ASK_ABOVE:,}.")] = False,
    as_json: AsJson = False,
) -> None:
    """Submit a job from a manifest.

    Pictures given as paths are sent along first, relative to the manifest's folder, each content once.

    [dim]Examples:[/dim]

      pentimento submit autumn.yaml --watch
      pentimento submit autumn.yaml -S strength=0.4 -S run.priority=background
      pentimento submit autumn.yaml --extends latest
      pentimento submit autumn.yaml --idempotency-key autumn-2026 --json | jq -r .id
      generate-manifest | pentimento submit - --yes
    """
    from api.cli.address import api_url
    from api.cli.client import Client
    from api.cli.confirm import asked, meant
    from api.cli.watch import attend, finish

    terminal = Terminal(as_json=as_json)
    spec, text, pictures = read(file, grown(given, extends, api=api))
    spec = asked(terminal, spec, yes=yes)
    with Client(api_url(api)) as client:
        job, created = send(client, terminal, spec, text=text, pictures=pictures, file=file, key=idempotency_key)
        terminal.answer(job.model_dump(mode="json") | {"created": created})
        if not created:
            terminal.note(f"The key {idempotency_key!r} has made this job before: {job.id}")
        elif spec.run.confirm_above is not None:
            meant(client, terminal, job, above=spec.run.confirm_above, wait=watch)
        if watch:
            terminal.note(f"Job {job.id}")
            finish(terminal, attend(client, terminal, job.id))
        else:
            terminal.text(job.id)
            terminal.note(f"Follow it with: pentimento watch {job.id}")


def grown(given: list[str] | None, extends: str, *, api: str) -> list[str]:
    """`given` with the job that is extended, whose id a farm is asked for where it is `latest`."""
    from api.cli.client import LATEST, Client

    if extends == LATEST:
        from api.cli.address import api_url

        with Client(api_url(api)) as client:
            extends = client.job(LATEST).id
    return [*(given or ()), *([f"extends={json.dumps(extends)}"] if extends else [])]


def read(file: Path, given: list[str] | None = None) -> "tuple[JobSpec, str, Mapping[str, bytes]]":
    """The spec in `file` ("-" for stdin), its text, and the pictures within that, by their URIs in the spec.

    given: `KEY=VALUE` in the place of what it says.

    Patterns, folders and tables of this machine are replaced by the images that they stand for.

    Raises:
        InvalidSpec: every problem of the manifest, with its line.

    """
    from api.cli.local import expanded
    from jobs.manifest import parse_given, read_manifest

    standard_input = str(file) == "-"
    data = sys.stdin.buffer.read() if standard_input else file.read_bytes()
    source = "stdin" if standard_input else str(file)
    manifest = read_manifest(data, source=source, given=parse_given(given or ()))
    spec = expanded(manifest.spec, folder=manifest_folder(file), source=source)
    return spec, data.decode("utf-8", "replace"), manifest.pictures


def manifest_folder(file: Path) -> Path:
    """What paths in a manifest are relative to: its own folder, or this one where it comes from stdin."""
    return Path() if str(file) == "-" else file.parent


def send(
    client: "Client",
    terminal: Terminal,
    spec: "JobSpec",
    *,
    text: str,
    pictures: "Mapping[str, bytes]",
    file: Path,
    key: str,
) -> "tuple[Job, bool]":
    """Upload the local pictures of `spec` and those within its text, then submit it; the job, and whether it is new.

    Raises:
        InvalidSpec: local pictures that are not there, or what the API finds wrong.

    """
    from api.cli.upload import find, upload
    from jobs.spec import canonical_json, local_paths, with_images

    files = find(local_paths(spec), folder=manifest_folder(file), text=text, source=str(file))
    if files:
        with terminal.bar("Sending pictures", total=len(set(files.values()))) as advance:
            spec = with_images(spec, upload(client, files, on_file=advance))
    for picture in pictures.values():
        client.upload(picture)
    return client.submit(canonical_json(spec), key=key or uuid4().hex)
