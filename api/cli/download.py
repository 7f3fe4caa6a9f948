"""Pictures onto this machine: each at most once, checked against its sha256, never half written."""

import hashlib
import os
import re
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

import httpx

from api.cli.answers import Job, Record
from api.cli.client import Client, open_http

PARALLEL = 8
TRIES = 3
_BLOCK_BYTES = 1 << 18
_SAFE_PART = re.compile(r"[^\x00-\x1f\x7f/\\:]{1,255}")


@dataclass(slots=True)
class Tally:
    """What a download came to. `failed` names each picture that is not there, and why."""

    fetched: list[Path] = field(default_factory=list)
    kept: list[Path] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    @property
    def all(self) -> int:
        """Pictures that were asked for."""
        return len(self.fetched) + len(self.kept) + len(self.failed)

    def sentence(self, folder: Path) -> str:
        """For people."""
        there = f", {len(self.kept)} were there already" if self.kept else ""
        return f"{len(self.fetched)} pictures fetched into {folder}{there}"

    def as_json(self, folder: Path) -> dict[str, object]:
        """For scripts."""
        return {"folder": str(folder), "fetched": len(self.fetched), "kept": len(self.kept), "failed": self.failed}


def download(
    client: Client, job: Job, folder: Path, *, on_file: Callable[[], None], mark: str = "", pause_seconds: float = 0.5
) -> Tally:
    """Every picture of `job` (that bears `mark`) to its place below `folder`. One picture's fault goes to the tally.

    Raises:
        OSError: the folder can't be written.

    """
    folder.mkdir(parents=True, exist_ok=True)
    tally = Tally()
    with open_http() as http:
        fetcher = _Fetcher(http, job, folder, pause_seconds)
        with ThreadPoolExecutor(PARALLEL) as pool:
            pictures = (record for record in client.every_result(job.id, mark=mark) if record.state == "settled")
            for some in _batches(pictures):
                for path, trouble in pool.map(fetcher, some):
                    _note(tally, path, trouble)
                    on_file()
    return tally


def _batches(records: Iterable[Record]) -> Iterator[tuple[Record, ...]]:
    """A few at a time: links live for minutes, so a page is used up before the next one is asked for."""
    remaining = iter(records)
    while some := tuple(islice(remaining, PARALLEL * 4)):
        yield some


def _note(tally: Tally, path: Path, trouble: str | None) -> None:
    if trouble is None:
        tally.fetched.append(path)
    elif trouble == "":
        tally.kept.append(path)
    else:
        tally.failed.append(f"{path}: {trouble}")


def place(record: Record, job: Job) -> PurePosixPath:
    """Where a picture goes below the download folder: its key, as seen from the job's own folder.

    Raises:
        ValueError: a key that would leave the folder, or that this file system can't hold.

    """
    key = record.key
    inside = key.removeprefix(job.results_uri) if job.results_uri and key.startswith(job.results_uri) else None
    path = PurePosixPath(inside if inside is not None else unquote(urlsplit(key).path).lstrip("/"))
    if (
        not path.parts
        or path.is_absolute()
        or any(part == ".." or not _SAFE_PART.fullmatch(part) for part in path.parts)
    ):
        raise ValueError(f"the key {key!r} is no place below a folder")
    return path


class _Fetcher:
    """Brings one picture; called from several threads."""

    def __init__(self, http: httpx.Client, job: Job, folder: Path, pause_seconds: float) -> None:
        self.http, self.job, self.folder, self.pause_seconds = http, job, folder, pause_seconds

    def __call__(self, record: Record) -> tuple[Path, str | None]:
        """The file, and None (fetched), "" (was there) or what went wrong."""
        try:
            path = self.folder / place(record, self.job)
        except ValueError as error:
            return Path(str(record.index)), str(error)
        try:
            if path.is_file() and _sha256(path) == record.sha256:
                return path, ""
            return path, self._fetch(record, path)
        except OSError as error:
            return path, str(error)

    def _fetch(self, record: Record, path: Path) -> str | None:
        trouble = "the API gave no link"
        for attempt in range(1, TRIES + 1 if record.link else 1):
            try:
                _stream(self.http, record, path)
            except (httpx.HTTPError, ValueError) as error:
                trouble = str(error) or type(error).__name__
            else:
                return None
            if attempt < TRIES:
                time.sleep(self.pause_seconds * attempt)
        return trouble


def _stream(http: httpx.Client, record: Record, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{record.index}-{os.getpid()}.part")
    try:
        hashed = hashlib.sha256()
        with part.open("wb") as file, http.stream("GET", record.link) as reply:
            if reply.is_error:  # not raise_for_status: its text holds the link, which is a credential for minutes
                raise ValueError(f"storage answered with status {reply.status_code}")
            for block in reply.iter_bytes(_BLOCK_BYTES):
                hashed.update(block)
                file.write(block)
        if hashed.hexdigest() != record.sha256:
            raise ValueError(f"its bytes have the sha256 {hashed.hexdigest()}, not {record.sha256}")
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
