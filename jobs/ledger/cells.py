"""Where every variant of a stretch stands, four bits each: what a page needs to draw a sweep of any size.

Composed from the ledger's bitmaps as whole numbers: a hundred thousand cells cost some milliseconds and 50 kB. The
event's id is read before the bits, so that whoever watches on from there misses nothing; what is told twice is told the
same.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from redis.client import NEVER_DECODE

from jobs.errors import NotFound
from jobs.ledger.book import Book
from jobs.ledger.insight import SHOWN
from jobs.ledger.reading import lease_range
from jobs.ledger.scripts import speaking_to_redis

MAX_CELLS: Final = 1 << 17
"""Cells of one answer: 64 kB."""


class Cell(IntEnum):
    """The state of one position, as it is packed."""

    PENDING = 0
    LEASED = 1
    WAITING = 2
    SETTLED = 3
    STARRED = 4
    REJECTED = 5
    REFUSED = 6
    EXCLUDED = 7


@dataclass(frozen=True, slots=True)
class Cells:
    """The cells `start <= index < start + count` of a job of `total` positions.

    packed: cell k of them is in byte k >> 1, an even one in the high four bits. event: the id of the newest event that
    is in them already, 0-0 where there is none.
    """

    start: int
    count: int
    total: int
    event: str
    packed: bytes


@dataclass(frozen=True, slots=True)
class _Facts:
    """What Redis says of a stretch. Bits as whole numbers, the first position as the highest of `count` bits."""

    event: str
    settled: int
    refused: int
    star: int
    reject: int
    leased: tuple[tuple[int, int], ...]
    waiting: tuple[tuple[int, int], ...]


def cells(book: Book, job: str, *, start: int, count: int, total: int, holes: str) -> Cells:
    """At most `count` (up to MAX_CELLS) cells from `start` on.

    total: positions of the job. holes: a digit for each position of the answer, `1` where it is excluded.

    Raises:
        NotFound: the job has no position `start`.

    """
    if not 0 <= start < max(total, 1):
        said = f"from={start}: the job {job} has {total} positions, counted from 0"
        raise NotFound(said, remedy="Begin at one of them.")
    stop = min(total, start + min(count, MAX_CELLS))
    facts = _read(book, job, start, stop)
    return Cells(start, stop - start, total, facts.event, _packed(facts, start, stop, int(holes or "0", 2)))


def _read(book: Book, job: str, start: int, stop: int) -> _Facts:
    first, last = start // 8, max(start, stop - 1) // 8
    parts = ("settled", "refused", "star", "reject")
    with speaking_to_redis():
        pipe = book.redis.pipeline(transaction=False)
        pipe.xrevrange(book.keys.job(job, "events"), count=1)
        for part in parts:
            pipe.execute_command("GETRANGE", book.keys.job(job, part), first, last, **{NEVER_DECODE: []})
        pipe.hvals(book.keys.job(job, "lease"))
        pipe.zrange(book.keys.job(job, "retry"), 0, SHOWN - 1)
        events, *bits, leases, retry = pipe.execute()
    settled, refused, star, reject = (_window(text, start, stop) for text in bits)
    return _Facts(
        event=events[0][0] if events else "0-0",
        settled=settled,
        refused=refused,
        star=star,
        reject=reject,
        leased=tuple(lease_range(text) for text in leases),
        waiting=tuple((int(a), int(z)) for a, z, *_ in (member.split() for member in retry)),
    )


def _window(text: bytes, start: int, stop: int) -> int:
    """The bits of `start <= p < stop` out of a bitmap's bytes from that of `start` on; missing ones are zeros."""
    first = start // 8
    size = (stop + 7) // 8 - first
    whole = int.from_bytes(text.ljust(size, b"\0")[:size], "big")
    return whole >> ((first + size) * 8 - stop) & ((1 << (stop - start)) - 1)


def _span(ranges: Iterable[tuple[int, int]], start: int, stop: int) -> int:
    bits = 0
    for a, z in ranges:
        low, high = max(a, start), min(z, stop)
        if low < high:
            bits |= ((1 << (high - low)) - 1) << (stop - high)
    return bits


def _packed(facts: _Facts, start: int, stop: int, holes: int) -> bytes:
    count = stop - start
    taken = holes
    layers = (
        (Cell.STARRED, facts.star & facts.settled),
        (Cell.REJECTED, facts.reject & facts.settled),
        (Cell.SETTLED, facts.settled),
        (Cell.REFUSED, facts.refused),
        (Cell.LEASED, _span(facts.leased, start, stop)),
        (Cell.WAITING, _span(facts.waiting, start, stop)),
    )
    size = (count + 7) // 8
    spare = size * 8 - count
    packed = Cell.EXCLUDED * _spread(holes << spare, size)
    for code, bits in layers:
        mine = bits & ~taken
        taken |= bits
        if mine:
            packed += code * _spread(mine << spare, size)
    return packed.to_bytes(size * 4, "big")[: (count + 1) // 2]


# A byte of eight bits as four bytes of eight half bytes, each 0 or 1.
_SPREAD: Sequence[bytes] = tuple(bytes.fromhex(f"{byte:08b}") for byte in range(256))


def _spread(bits: int, size: int) -> int:
    return int.from_bytes(b"".join(map(_SPREAD.__getitem__, bits.to_bytes(size, "big"))), "big")


def settled_among(book: Book, job: str, indexes: Sequence[int]) -> frozenset[int]:
    """Those of `indexes` that have a picture."""
    if not indexes:
        return frozenset()
    with speaking_to_redis():
        pipe = book.redis.pipeline(transaction=False)
        for index in indexes:
            pipe.getbit(book.keys.job(job, "settled"), index)
        bits = pipe.execute()
    return frozenset(index for index, bit in zip(indexes, bits, strict=True) if bit)
