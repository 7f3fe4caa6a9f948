"""Many part files into two lists in index order, in constant memory: an SQLite file sorts, the ledger's bits decide.

A variant may have several records (a crash fell between record and settle; it was refused and retried later). Which of
them holds is not for the records to say: a settled bit takes the settled record, a refused bit the refused one.
"""

import sqlite3
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import orjson

from jobs.errors import PentimentoError, StorageUnavailable
from jobs.keys import records_prefix
from jobs.ledger.book import Book
from jobs.ledger.marks import Mark, every_marked
from jobs.ledger.views import JobView
from jobs.retry import wait_seconds
from jobs.storage import Storage
from jobs.sweep import Sweep
from worker.results.records import refused_record

PART_BYTES = 64 << 20
PAGE = 1000
TRIES = 6
"""For each part file: of thousands, on a store that fails now and then, one always does, and the merge begins anew."""


@dataclass(frozen=True, slots=True)
class Merged:
    """Two local files, one line a variant, and how many lines each has."""

    results: Path
    errors: Path
    settled: int
    refused: int
    linked: int = 0


def merge(
    view: JobView,
    sweep: Sweep | None,
    book: Book,
    storage: Storage,
    folder: Path,
    *,
    sleep: Callable[[float], None] = time.sleep,
) -> Merged:
    """Merge the job's records into `results.jsonl` and `errors.jsonl` in `folder`.

    Raises:
        PentimentoError: storage or ledger are away, or a settled variant has no record.

    """
    merged = Merged(folder / "results.jsonl", folder / "errors.jsonl", 0, 0)
    counts = {"settled": 0, "refused": 0, "linked": 0}
    marks = {index: which for which in Mark for index in every_marked(book, view.id, which)}
    kept = {refusal.index: refusal for refusal in book.refusals(view.id, limit=1000)}
    with (
        sqlite3.connect(folder / "records.sqlite") as rows,
        merged.results.open("wb") as good,
        merged.errors.open("wb") as bad,
    ):
        _load(rows, storage, view, sleep)
        for index, state in _outcomes(view.id, book):
            line = _line(rows, index, state)
            if line is None and state == "refused" and sweep is not None:
                refusal = kept.get(index)
                error = PentimentoError(refusal.message if refusal else "no record was kept")
                record = refused_record(sweep[index], error, reason=str(error))
                record["error"]["code"] = refusal.code if refusal else "internal"
                line = orjson.dumps(record)
            if line is None:
                said = f"variant {index} of {view.id} is {state}, but has no record below {view.results_uri}"
                raise PentimentoError(said)
            if index in marks:
                line = orjson.dumps(orjson.loads(line) | {"mark": marks[index].value})
            (good if state == "settled" else bad).write(line + b"\n")
            counts[state] += 1
            counts["linked"] += b'"linked":"' in line and "linked" in orjson.loads(line)
    rows.close()
    return Merged(merged.results, merged.errors, **counts)


def _load(rows: sqlite3.Connection, storage: Storage, view: JobView, sleep: Callable[[float], None]) -> None:
    rows.execute("PRAGMA synchronous = OFF")
    rows.execute("CREATE TABLE record (place INTEGER, state TEXT, line BLOB, PRIMARY KEY (place, state)) WITHOUT ROWID")
    for part in storage.list(records_prefix(view.results_uri)):
        lines = _insist(storage, part.uri, sleep).splitlines()
        parsed = ((orjson.loads(line), line) for line in lines if line)
        rows.executemany(
            "INSERT OR REPLACE INTO record VALUES (?, ?, ?)",
            ((record["index"], record["state"], line) for record, line in parsed),
        )


def _insist(storage: Storage, uri: str, sleep: Callable[[float], None]) -> bytes:
    for attempt in range(TRIES - 1):
        try:
            return storage.read(uri, limit=PART_BYTES)
        except StorageUnavailable:
            sleep(wait_seconds(attempt, base_seconds=0.5, random=0.5))
    return storage.read(uri, limit=PART_BYTES)


def _line(rows: sqlite3.Connection, index: int, state: str) -> bytes | None:
    found = rows.execute("SELECT line FROM record WHERE place = ? AND state = ?", (index, state)).fetchone()
    return None if found is None else bytes(found[0])


def _outcomes(job: str, book: Book) -> Iterator[tuple[int, str]]:
    index = 0
    while page := book.outcomes_after(job, index, PAGE):
        for found, refused in page:
            yield found, "refused" if refused else "settled"
        index = page[-1][0] + 1
