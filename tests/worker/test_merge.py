"""Results are merged from part files however many there are, also on a store that fails now and then."""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from jobs.errors import PentimentoError, StorageUnavailable
from jobs.keys import record_uri
from jobs.ledger.book import Book
from jobs.ledger.leasing import Leasing
from jobs.storage.files import FileStorage
from tests.ledger.conftest import Clock, Desk
from worker.duties.merge import TRIES, merge


@pytest.fixture
def ledger(redis_url: str) -> Iterator[Desk]:
    """An empty ledger."""
    clock = Clock()
    with redis.Redis.from_url(redis_url, decode_responses=True) as client:
        book = Book(client, now=clock)
        yield Desk(book, Leasing(book), clock)


class Tired(FileStorage):
    """Real files; each read fails the first few times."""

    def __init__(self, root: Path, failures: int) -> None:
        super().__init__([root])
        self._failures = failures
        self._asked: Counter[str] = Counter()

    def read(self, uri: str, *, limit: int) -> bytes:
        self._asked[uri] += 1
        if self._asked[uri] <= self._failures:
            raise StorageUnavailable("come back later")
        return super().read(uri, limit=limit)


def settled_job(ledger: Desk, store: FileStorage, results: str, size: int) -> str:
    """A job whose every variant has a part file of its own."""
    job = ledger.ready(size)
    ledger.book.redis.hset(f"pm:job:{job}", "results_uri", results)
    ledger.leasing.settle(ledger.lease(chunk=size), range(size))
    for index in range(size):
        line = json.dumps({"index": index, "state": "settled"}).encode()
        uri = record_uri(results, chunk_start=index, fence=1, part=0)
        store.write(uri, line, "application/x-ndjson", if_absent=True)
    return job


def test_a_store_that_fails_now_and_then_delays_the_results_of_many_parts_and_does_not_prevent_them(
    ledger: Desk, tmp_path: Path
) -> None:
    store, waits = Tired(tmp_path, TRIES - 1), list[float]()
    job = settled_job(ledger, store, f"file://{tmp_path}/job/", 8)

    merged = merge(ledger.book.describe(job), None, ledger.book, store, tmp_path, sleep=waits.append)

    assert [json.loads(line)["index"] for line in merged.results.read_text().splitlines()] == list(range(8))
    assert len(waits) == 8 * (TRIES - 1)


def test_a_store_that_stays_away_is_said_to_be(ledger: Desk, tmp_path: Path) -> None:
    store = Tired(tmp_path, TRIES)
    job = settled_job(ledger, store, f"file://{tmp_path}/job/", 1)

    with pytest.raises(StorageUnavailable):
        merge(ledger.book.describe(job), None, ledger.book, store, tmp_path, sleep=lambda _: None)


def test_of_several_records_the_ledgers_bit_and_then_the_latest_lease_decide(ledger: Desk, tmp_path: Path) -> None:
    store, results = FileStorage([tmp_path]), f"file://{tmp_path}/job/"
    job = ledger.ready(4)
    ledger.book.redis.hset(f"pm:job:{job}", "results_uri", results)
    lease = ledger.lease(chunk=4)
    ledger.leasing.settle(lease, [0, 1, 3])
    ledger.leasing.refuse(lease, 2, code="bad_image", message="no")
    told = [
        (0, 1, 0, "settled", "first"), (0, 1, 1, "refused", "at first"), (0, 1, 2, "settled", "before the refusal"),
        (0, 2, 1, "settled", "in the end"), (0, 2, 2, "refused", "in the end"), (2, 1, 2, "refused", "too early"),
        (3, 1, 3, "settled", "alone"),
    ]  # fmt: skip
    for part, (start, fence, index, state, said) in enumerate(told):
        line = json.dumps({"index": index, "state": state, "said": said}).encode()
        uri = record_uri(results, chunk_start=start, fence=fence, part=part)
        store.write(uri, line, "application/x-ndjson", if_absent=True)

    merged = merge(ledger.book.describe(job), None, ledger.book, store, tmp_path)

    good = [json.loads(line)["said"] for line in merged.results.read_text().splitlines()]
    bad = [json.loads(line)["said"] for line in merged.errors.read_text().splitlines()]
    assert (good, bad) == (["first", "in the end", "alone"], ["in the end"])


def test_a_settled_variant_without_a_record_is_no_result(ledger: Desk, tmp_path: Path) -> None:
    store, results = FileStorage([tmp_path]), f"file://{tmp_path}/job/"
    job = settled_job(ledger, store, results, 3)
    store.delete(record_uri(results, chunk_start=1, fence=1, part=0))

    with pytest.raises(PentimentoError, match="variant 1"):
        merge(ledger.book.describe(job), None, ledger.book, store, tmp_path)
