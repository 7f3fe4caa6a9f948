"""What lies beside a downloaded job's pictures: which of them is what, the spec that made them, and the sheet.

Written whole or not at all, like the pictures; what the API has not (yet) is left out.
"""

import json
from collections.abc import Iterable
from pathlib import Path

from api.cli.answers import Job, Record
from api.cli.client import Client
from api.cli.download import place
from jobs.errors import NotFound

PAGE = 500
# A link is a credential for minutes; a star may be taken back.
_PASSING = {"link", "mark"}


def fetch_beside(client: Client, job: Job, folder: Path) -> list[str]:
    """Write `results.jsonl`, `manifest.json` and `sheet.png` into `folder`; the names of those that are there now.

    Raises:
        OSError: the folder can't be written.

    """
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder / "results.jsonl", _lines(client.every_result(job.id, page=PAGE), job))
    written = ["results.jsonl"]
    try:
        _write(folder / "manifest.json", [client.manifest(job.id)])
        written.append("manifest.json")
    except NotFound:
        pass
    sheet = client.sheet(job.id)
    if sheet is not None:
        _write(folder / "sheet.png", [sheet])
        written.append("sheet.png")
    return written


def _lines(records: Iterable[Record], job: Job) -> Iterable[bytes]:
    """A line a variant, as the API tells it, with the file that holds the picture."""
    for record in records:
        said = record.model_dump(mode="json", exclude=_PASSING)
        if record.state == "settled":
            said["file"] = str(place(record, job))
        yield json.dumps(said, ensure_ascii=False).encode() + b"\n"


def _write(path: Path, blocks: Iterable[bytes]) -> None:
    part = path.with_name(f".{path.name}.part")
    try:
        with part.open("wb") as file:
            file.writelines(blocks)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
