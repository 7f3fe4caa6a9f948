"""Many part files into two lists in index order, in constant memory: parts come by their chunk's start, bits decide.

A variant may have several records (a crash fell between record and settle; it was refused and retried later). Which of
them holds is not for the records to say: a settled bit takes the settled record, a refused bit the refused one, and of
several that of the latest lease. No lease is longer than MAX_CHUNK, so whatever there is about an index has been read
as soon as a part comes whose chunk starts behind it: what is kept meanwhile is a chunk or two.
"""

import time
from collections import deque
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import orjson

from jobs.errors import PentimentoError, StorageUnavailable
from jobs.keys import records_prefix
from jobs.ledger.book import Book
from jobs.ledger.marks import Mark, every_marked
from jobs.ledger.views import JobView, Refusal
from jobs.retry import wait_seconds
from jobs.storage import Storage
from jobs.sweep import Sweep
from worker.results.records import refused_record

PART_BYTES = 64 << 20
PAGE = 10_000
READERS = 4
AHEAD = 16
"""Part files that are read, or are being read, before they are wanted."""
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
        merged.results.open("wb") as good,
        merged.errors.open("wb") as bad,
        ThreadPoolExecutor(READERS, thread_name_prefix="merge") as pool,
        closing(_parts(storage, view, pool, sleep)) as parts,
    ):
        for index, state, found in _recorded(_outcomes(view.id, book), parts):
            line = found
            if line is None and state == "refused" and sweep is not None:
                line = _unrecorded(sweep, index, kept.get(index))
            if line is None:
                said = f"variant {index} of {view.id} is {state}, but has no record below {view.results_uri}"
                raise PentimentoError(said)
            if index in marks:
                line = orjson.dumps(orjson.loads(line) | {"mark": marks[index].value})
            (good if state == "settled" else bad).write(line + b"\n")
            counts[state] += 1
            counts["linked"] += b'"linked":"' in line and "linked" in orjson.loads(line)
    return Merged(merged.results, merged.errors, **counts)


def _unrecorded(sweep: Sweep, index: int, refusal: Refusal | None) -> bytes:
    """The record of a refusal that no worker lived to write (poison, for one)."""
    error = PentimentoError(refusal.message if refusal else "no record was kept")
    record = refused_record(sweep[index], error, reason=str(error))
    record["error"]["code"] = refusal.code if refusal else "internal"
    return orjson.dumps(record)


@dataclass(frozen=True, slots=True)
class _Part:
    """A part file. start: its chunk's. age: orders the parts about one index by their leases, the latest last."""

    start: int
    age: str
    text: bytes


def _parts(
    storage: Storage, view: JobView, pool: ThreadPoolExecutor, sleep: Callable[[float], None]
) -> Generator[_Part]:
    """All part files in order, some of them read ahead."""
    prefix = records_prefix(view.results_uri)
    reading: deque[tuple[str, Future[bytes]]] = deque()
    try:
        for part in storage.list(prefix):
            reading.append((part.uri, pool.submit(_insist, storage, part.uri, sleep)))
            if len(reading) > AHEAD:
                yield _part(prefix, *reading.popleft())
        while reading:
            yield _part(prefix, *reading.popleft())
    finally:
        for _, future in reading:
            future.cancel()


def _part(prefix: str, uri: str, text: Future[bytes]) -> _Part:
    start, _, age = uri.removeprefix(prefix).partition("-")
    return _Part(int(start) if start.isdecimal() else 0, age, text.result())


def _recorded(outcomes: Iterator[tuple[int, str]], parts: Iterator[_Part]) -> Iterator[tuple[int, str, bytes | None]]:
    """Each outcome with its record, None where there is none."""
    known: dict[int, dict[str, tuple[str, bytes]]] = {}
    outcome = next(outcomes, None)
    for part in parts:
        while outcome is not None and outcome[0] < part.start:
            yield (*outcome, _line(known, *outcome))
            outcome = next(outcomes, None)
        for line in filter(None, part.text.splitlines()):
            record = orjson.loads(line)
            held = known.setdefault(record["index"], {})
            if record["state"] not in held or held[record["state"]][0] <= part.age:
                held[record["state"]] = (part.age, line)
    while outcome is not None:
        yield (*outcome, _line(known, *outcome))
        outcome = next(outcomes, None)


def _line(known: dict[int, dict[str, tuple[str, bytes]]], index: int, state: str) -> bytes | None:
    found = known.pop(index, {}).get(state)
    return None if found is None else found[1]


def _insist(storage: Storage, uri: str, sleep: Callable[[float], None]) -> bytes:
    for attempt in range(TRIES - 1):
        try:
            return storage.read(uri, limit=PART_BYTES)
        except StorageUnavailable:
            sleep(wait_seconds(attempt, base_seconds=0.5, random=0.5))
    return storage.read(uri, limit=PART_BYTES)


def _outcomes(job: str, book: Book) -> Iterator[tuple[int, str]]:
    index = 0
    while page := book.outcomes_after(job, index, PAGE):
        for found, refused in page:
            yield found, "refused" if refused else "settled"
        index = page[-1][0] + 1
