"""A page of a job's outcomes, read from the record files that the workers wrote: Redis says which, storage says what.

The ledger's bits decide which variants have an outcome and which of two it is; the part files say everything else.
A part is written before the settle that it covers, so an index that the ledger knows is always in some part. Parts are
found by name alone: `records/{chunk_start:012d}-{fence:08d}-{part:04d}.jsonl`, and a chunk covers at most 512 indexes.
"""

import base64
import binascii
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Literal

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from jobs.errors import ImageNotFound, InvalidSpec, Problem, StorageUnavailable
from jobs.keys import records_prefix
from jobs.ledger.book import Book
from jobs.ledger.keyspace import MAX_CHUNK
from jobs.ledger.marks import Mark, marked, marks_of
from jobs.storage import Storage
from jobs.variant import Scalar

LINK_SECONDS = 900
MOST_RECORDS = 500
_PART_BYTES = 16 << 20
_INDEX_DIGITS = 12
_READERS = 8  # a part costs one round trip to the store; a page may need hundreds of them


class Fault(BaseModel):
    """Why a variant has no picture."""

    model_config = ConfigDict(extra="ignore")

    code: str = Field(examples=["image_not_found"])
    blame: str = Field("", description="caller, world or row", examples=["caller"])
    message: str
    remedy: str = ""


class Record(BaseModel):
    """One variant's outcome. Everything below `image` is there for settled variants only."""

    model_config = ConfigDict(extra="ignore")

    index: int = Field(description="position in the job's sweep")
    state: Literal["settled", "refused"]
    custom_id: str = Field("", description="the caller's own word for the init image or the row")
    image: str = Field("", description="name of the init image, unique within the job")
    image_uri: str = ""
    sample: int = Field(0, description="which of the cell's samples, from 0")
    key: str = Field("", description="where the picture lies in storage")
    linked: str = Field("", description="the job whose picture it is, where this one extends it")
    link: str = Field("", description="a URL that gives the picture for 15 minutes")
    sha256: str = Field("", description="of the picture's bytes")
    init_sha256: str = Field("", description="of the init image's bytes")
    size: int = Field(0, description="bytes")
    width: int | None = Field(None, description="pixels")
    height: int | None = Field(None, description="pixels")
    fingerprint: str = Field("", description="equal fingerprints, equal bytes")
    seconds: float | None = Field(None, description="device time, its share of the batches it was in")
    worker: str = Field("", description="that made it")
    settled_at: float | None = Field(None, description="Unix seconds on that worker's clock")
    mark: Literal["star", "reject"] | None = Field(None, description="what somebody thinks of the picture")
    seed: int | None = None
    parameters: dict[str, object] = Field(default={}, description="everything that decided the pixels, resolved")
    coordinates: dict[str, Scalar] = Field(default={}, description="the axis values that led here")
    error: Fault | None = Field(None, description="why there is no picture; for refused variants")

    @model_validator(mode="before")
    @classmethod
    def _flat(cls, line: Any) -> Any:  # noqa: ANN401  whatever a record file holds
        """The record files nest the image; in an answer, columns are of more use."""
        image = line.get("image") if isinstance(line, dict) else None
        if not isinstance(image, dict):
            return line
        return line | {"image": image.get("name", ""), "image_uri": image.get("uri", "")}


class ResultsPage(BaseModel):
    """Outcomes in the order of their indexes.

    While a job runs, variants finish in any order: a page shows what has an outcome now, and a cursor only goes
    forward. Whoever wants every outcome pages through again once the job is finished.
    """

    records: list[Record]
    next_cursor: str | None = Field(description="for `?cursor=`; null where nothing further has an outcome now")


def cursor_of(index: int) -> str:
    """An opaque text for "go on at this index"."""
    return base64.urlsafe_b64encode(f"i{index}".encode()).decode().rstrip("=")


def index_of(cursor: str) -> int:
    """The index in a cursor that `cursor_of` made; 0 for the empty text.

    Raises:
        InvalidSpec: any other text.

    """
    if not cursor:
        return 0
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii")
    except (binascii.Error, ValueError):
        text = ""
    digits = text.removeprefix("i")
    if not text.startswith("i") or not digits.isdigit() or cursor_of(int(digits[:_INDEX_DIGITS])) != cursor:
        problem = Problem("cursor", "not a cursor that this API gave", ascii(cursor)[:200], "Begin without one.")
        raise InvalidSpec([problem], source="the call")
    return int(digits)


def page(
    job: str, *, results_uri: str, cursor: str, limit: int, book: Book, storage: Storage, mark: Mark | None = None
) -> ResultsPage:
    """At most `limit` (1 to 500) outcomes from the cursor on, only those that bear `mark` where one is said.

    results_uri: ends in a slash.

    Raises:
        InvalidSpec: a cursor that was not given out here.
        StorageUnavailable, LedgerUnavailable: try again.

    """
    start = index_of(cursor)
    if mark is None:
        found = book.done_after(job, start, limit + 1)
    else:
        found = marked(book, job, mark, start=start, limit=limit + 1)
    indexes, more = found[:limit], len(found) > limit
    if not indexes:
        return ResultsPage(records=[], next_cursor=None)
    refused = book.refused(job, indexes)
    known = _read(results_uri, indexes, refused, storage)
    messages = _kept_by_the_ledger(job, refused - known.keys(), book)
    said = marks_of(book, job, indexes)
    told = [known.get(index) or messages.get(index) or _bare(index, refused) for index in indexes]
    records = [_linked(record, storage, said.get(record.index)) for record in told]
    return ResultsPage(records=records, next_cursor=cursor_of(indexes[-1] + 1) if more else None)


def _read(results_uri: str, indexes: Sequence[int], refused: frozenset[int], storage: Storage) -> Mapping[int, Record]:
    """The record of each index: of several, the last part's that says what the ledger says."""
    wanted = frozenset(indexes)
    known: dict[int, tuple[str, Record]] = {}
    with ThreadPoolExecutor(_READERS) as readers:
        for name, text in _in_batches(readers, storage, _parts(results_uri, indexes[0], indexes[-1], storage)):
            age = name.split("-", 1)[1]  # fence and part: a later one wins, whatever chunk it belongs to
            for record in _records(text):
                agrees = record.index in wanted and (record.state == "refused") == (record.index in refused)
                if agrees and (record.index not in known or known[record.index][0] <= age):
                    known[record.index] = (age, record)
    return {index: record for index, (_, record) in known.items()}


def _parts(results_uri: str, first: int, last: int, storage: Storage) -> Iterator[str]:
    """URIs of the parts that may hold an index from `first` to `last`."""
    prefix = records_prefix(results_uri)
    start_after = f"{prefix}{max(0, first - MAX_CHUNK + 1):012d}"
    for stat in storage.list(prefix, start_after=start_after):
        start = stat.uri.removeprefix(prefix).split("-", 1)[0]
        if not start.isdigit():
            continue
        if int(start) > last:
            return
        yield stat.uri


def _in_batches(readers: ThreadPoolExecutor, storage: Storage, uris: Iterable[str]) -> Iterator[tuple[str, bytes]]:
    """Name and text of each part, a few read at once, never more than a batch in memory."""
    remaining = iter(uris)
    while batch := list(itertools.islice(remaining, _READERS)):
        texts = readers.map(lambda uri: _text(storage, uri), batch)
        yield from ((uri.rsplit("/", 1)[1], text) for uri, text in zip(batch, texts, strict=True))


def _text(storage: Storage, uri: str) -> bytes:
    try:
        return storage.read(uri, limit=_PART_BYTES)
    except ImageNotFound:  # listed a moment ago: merged and removed since
        return b""


def _records(text: bytes) -> Iterator[Record]:
    for line in text.splitlines():
        if not line:
            continue
        try:
            yield Record.model_validate(orjson.loads(line))
        except (orjson.JSONDecodeError, ValidationError) as broken:
            message = "a record file in the job's results folder is damaged"
            raise StorageUnavailable(message, remedy="Look at the files below records/ there.") from broken


def _kept_by_the_ledger(job: str, indexes: frozenset[int], book: Book) -> Mapping[int, Record]:
    """Refusals that no worker lived to record (poison, for one)."""
    if not indexes:
        return {}
    return {
        refusal.index: Record(
            index=refusal.index, state="refused", error=Fault(code=refusal.code, message=refusal.message)
        )
        for refusal in book.refusals(job, limit=1000)
        if refusal.index in indexes
    }


def _bare(index: int, refused: frozenset[int]) -> Record:
    return Record(index=index, state="refused" if index in refused else "settled")


def _linked(record: Record, storage: Storage, said: Mark | None) -> Record:
    if record.state != "settled" or not record.key:
        return record
    link = storage.link(record.key, ttl_seconds=LINK_SECONDS)
    return record.model_copy(update={"link": link, "mark": None if said is None else said.value})
