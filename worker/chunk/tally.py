"""What became of one lease so far: the publisher writes it down, and the main loop gives back what it leaves open."""

from dataclasses import dataclass, field

from jobs.errors import PentimentoError
from jobs.ledger.views import GiveBack


@dataclass(slots=True)
class Tally:
    """What became of a lease. away: faults of the store in a row, since it last took a picture.

    trouble: what went wrong last.
    """

    settled: int = 0
    refused: int = 0
    done: set[int] = field(default_factory=set)
    postponed: list[tuple[GiveBack, str, str]] = field(default_factory=list)
    away: int = 0
    trouble: PentimentoError | None = None
