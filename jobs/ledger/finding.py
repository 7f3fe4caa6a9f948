"""Jobs by what they are: state, label, words of the name; and how many there are in each state, without an index."""

import json
from dataclasses import dataclass
from typing import Final

from jobs.errors import NotFound
from jobs.ledger.book import Book
from jobs.state import State

LOOKED: Final = 500
"""Jobs that one script looks at: a millisecond of Redis."""
COUNTED: Final = 20_000
"""Jobs that counts are taken over, the newest; beyond them an answer says so."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which jobs. text: in the name or the id, whatever its case (of ASCII letters). labels: `key` or `key=value`, all.

    caller: None for everybody's.
    """

    caller: str | None
    state: State | None = None
    text: str = ""
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Counts:
    """Jobs by state, whatever state is wanted. whole: all were looked at, and not only the newest COUNTED."""

    by_state: dict[State, int]
    whole: bool


def find(book: Book, wanted: Wanted, *, before: str, limit: int) -> tuple[str, ...]:
    """At most `limit` ids, newest first, of those accepted before the job `before` (empty: of all).

    Raises:
        NotFound: `before` is no job of this caller.

    """
    found: list[str] = []
    last = before
    while len(found) < limit:
        last, jobs, _ = _look(book, wanted, last, limit - len(found))
        found += jobs
        if not last:
            break
    return tuple(found)


def count(book: Book, wanted: Wanted) -> Counts:
    """How many match, by state."""
    counts = dict.fromkeys(State, 0)
    last, looked = "", 0
    while True:
        last, _, told = _look(book, wanted, last, 0)
        for state, number in told.items():
            counts[state] += number
        looked += LOOKED
        if not last or looked >= COUNTED:
            return Counts(counts, whole=not last)


def _look(book: Book, wanted: Wanted, before: str, limit: int) -> tuple[str, list[str], dict[State, int]]:
    key = book.keys.named("jobs:all") if wanted.caller is None else book.keys.jobs(wanted.caller)
    last, jobs, told = book.script(
        "find", key, before, LOOKED, limit, wanted.state or "", wanted.text.lower(), json.dumps(wanted.labels)
    )
    if last == "?":
        said = f"cursor={before!r} is not a job of this caller"
        raise NotFound(said, remedy="Take the cursor from the page before, as it is.")
    return last, list(jobs), {State(state): int(number) for state, number in zip(told[::2], told[1::2], strict=True)}
