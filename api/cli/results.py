"""`pentimento results`: what came of each variant, as a list or as files."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.options import Api, AsJson, JobId
from api.cli.terminal import Terminal

if TYPE_CHECKING:
    from api.cli.answers import Job, Record
    from api.cli.client import Client
    from api.cli.download import Tally


def results(  # noqa: PLR0913 - what the command takes
    job: JobId,
    download: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Fetch the pictures into this folder, only those it lacks.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="How many to list; a download is never cut.")] = 50,
    cursor: Annotated[str, typer.Option(help="Where the list before this one ended.")] = "",
    api: Api = "",
    *,
    failed: Annotated[bool, typer.Option("--failed", help="Only refused variants, with the reason.")] = False,
    starred: Annotated[bool, typer.Option("--starred", help="Only pictures that somebody starred.")] = False,
    rejected: Annotated[bool, typer.Option("--rejected", help="Only pictures that somebody rejected.")] = False,
    as_json: AsJson = False,
) -> None:
    """List what came of a job's variants, or fetch its pictures.

    A download may be broken off and repeated: pictures that are there with the right bytes are left alone, every one is
    checked against its sha256, and no file is ever half written. Beside them it leaves results.jsonl (which file is
    which variant), the frozen manifest.json and the contact sheet.

    [dim]Examples:[/dim]

      pentimento results 01JY3ZJ8E5
      pentimento results 01JY3ZJ8E5 --failed
      pentimento results 01JY3ZJ8E5 --download pictures/
      pentimento results 01JY3ZJ8E5 --starred --download best/
    """
    from api.cli.address import api_url
    from api.cli.beside import fetch_beside
    from api.cli.client import Client

    terminal = Terminal(as_json=as_json)
    if download and (failed or cursor):
        raise typer.BadParameter("--download takes everything: --failed and --cursor don't go with it")
    if failed + starred + rejected > 1:
        raise typer.BadParameter("--failed, --starred and --rejected exclude each other: choose one")
    mark = "star" if starred else "reject" if rejected else ""
    with Client(api_url(api)) as client:
        if download:
            found = client.job(job)
            beside = [] if mark else fetch_beside(client, found, download)
            tally = fetch(client, terminal, found, download, mark=mark)
            terminal.answer(tally.as_json(download) | {"beside": beside})
            terminal.text(tally.sentence(download) + (f"; beside them {', '.join(beside)}" if beside else ""))
        else:
            _list(client, terminal, job, cursor=cursor, limit=limit, failed=failed, mark=mark)


def fetch(client: "Client", terminal: Terminal, job: "Job", folder: Path, *, mark: str = "") -> "Tally":
    """All pictures of `job` (that bear `mark`) into `folder`, with a progress bar where somebody watches.

    Raises:
        StorageUnavailable: some could not be fetched; the text says which, the others are there.

    """
    from api.cli.download import download
    from jobs.errors import StorageUnavailable

    wanted = {"star": job.stars, "reject": job.rejects}.get(mark, job.settled)
    with terminal.bar("Fetching pictures", total=wanted) as advance:
        tally = download(client, job, folder, on_file=advance, mark=mark)
    if tally.failed:
        shown = "; ".join(tally.failed[:3]) + ("; …" if len(tally.failed) > 3 else "")
        message = f"{len(tally.failed)} of {tally.all} pictures could not be fetched: {shown}"
        raise StorageUnavailable(message, remedy="Repeat the command: what is there already is not fetched again")
    return tally


def _list(client: "Client", terminal: Terminal, job: str, *, cursor: str, limit: int, failed: bool, mark: str) -> None:
    found: list[Record] = []
    while True:
        page = client.results(job, cursor=cursor, limit=min(500, limit - len(found)), mark=mark)
        found += [record for record in page.records if not failed or record.state == "refused"]
        cursor = page.next_cursor
        if not cursor or len(found) >= limit:
            break
    terminal.answer({"records": [record.model_dump(mode="json") for record in found], "next_cursor": cursor or None})
    columns = ("index", "image", "why") if failed else ("index", "state", "image", "seed", "picture")
    terminal.table(columns, _rows(found, failed=failed), empty="Nothing yet." if not failed else "Nothing was refused.")
    if cursor:
        terminal.note(f"There are more: --cursor {cursor}")


def _rows(records: "Iterable[Record]", *, failed: bool) -> Iterable[tuple[str, ...]]:
    for record in records:
        why = f"{record.error.code}: {record.error.message}" if record.error else ""
        if failed:
            yield str(record.index), record.image, why
        else:
            seed = "" if record.seed is None else str(record.seed)
            yield str(record.index), record.state, record.image, seed, record.key or why
