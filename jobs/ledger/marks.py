"""What people think of the pictures: a star or a reject, a bit beside the one that says that there is a picture."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from jobs.errors import Conflict
from jobs.ledger.book import Book
from jobs.ledger.scripts import speaking_to_redis

MAX_MARKED: Final = 10_000
"""Variants that one call may mark."""
_PAGE = 10_000


class Mark(StrEnum):
    """What a person said of a picture."""

    STAR = "star"
    REJECT = "reject"


@dataclass(frozen=True, slots=True)
class Tally:
    """How many pictures of a job bear each mark, and how many changed theirs just now."""

    stars: int
    rejects: int
    changed: int = 0


def mark(book: Book, job: str, indexes: Sequence[int], said: Mark | None) -> Tally:
    """Give pictures this mark and take any other away; None takes both. Variants without a picture are passed over.

    Raises:
        Conflict: none of them has a picture.

    """
    stars, rejects, changed, pictures = book.script("mark", job, said or "", *indexes)
    if not pictures:
        said_of = f"variant {indexes[0]}" if len(indexes) == 1 else f"none of the {len(indexes)} variants"
        raise Conflict(f"{said_of} of {job} has a picture to mark", remedy="Wait until it is settled.")
    return Tally(int(stars), int(rejects), int(changed))


def marked(book: Book, job: str, which: Mark, *, start: int, limit: int) -> tuple[int, ...]:
    """The next `limit` indexes from `start` on that bear the mark, in order."""
    return tuple(map(int, book.script("marked", job, str(which), start, limit)))


def every_marked(book: Book, job: str, which: Mark) -> tuple[int, ...]:
    """All indexes that bear the mark, in order; eight bytes each."""
    found: list[int] = []
    while page := marked(book, job, which, start=found[-1] + 1 if found else 0, limit=_PAGE):
        found += page
    return tuple(found)


def marks_of(book: Book, job: str, indexes: Sequence[int]) -> dict[int, Mark]:
    """The mark of each of `indexes` that bears one."""
    if not indexes:
        return {}
    with speaking_to_redis():
        pipe = book.redis.pipeline(transaction=False)
        for index in indexes:
            for which in Mark:
                pipe.getbit(book.keys.job(job, which), index)
        bits = iter(pipe.execute())
    told = ((index, which) for index in indexes for which in Mark)
    return {index: which for (index, which), bit in zip(told, bits, strict=True) if bit}


def runs(indexes: Sequence[int]) -> str:
    """Indexes in order as ranges, both ends included: `3-7,9`."""
    parts: list[list[int]] = []
    for index in indexes:
        if parts and parts[-1][1] == index - 1:
            parts[-1][1] = index
        else:
            parts.append([index, index])
    return ",".join(str(a) if a == z else f"{a}-{z}" for a, z in parts)
