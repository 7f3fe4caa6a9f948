"""Puts a job back into a ledger that has lost it, in one script: it is there whole, or not at all."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from jobs.ledger.book import Book
from jobs.ledger.keyspace import MAX_REFUSALS
from jobs.ledger.leasing import MAX_MESSAGE
from jobs.ledger.views import Refusal
from jobs.spec.model import Budget
from jobs.state import Lane


class Bits:
    """A growing bitmap in Redis' order: bit 0 is the highest of the first byte."""

    def __init__(self) -> None:
        self._bytes = bytearray()

    def add(self, index: int) -> None:
        """Set one bit."""
        place = index >> 3
        if place >= len(self._bytes):
            self._bytes.extend(bytes(max(place + 1 - len(self._bytes), len(self._bytes) >> 3)))
        self._bytes[place] |= 0x80 >> (index & 7)

    def __contains__(self, index: int) -> bool:
        place = index >> 3
        return place < len(self._bytes) and bool(self._bytes[place] & 0x80 >> (index & 7))

    def __len__(self) -> int:
        return int.from_bytes(self._bytes, "big").bit_count()

    def without(self, other: "Bits") -> "Bits":
        """The bits that the other has not got."""
        left = Bits()
        theirs = other.bytes().ljust(len(self._bytes), b"\0")
        left._bytes = bytearray(mine & ~its for mine, its in zip(self._bytes, theirs, strict=False))
        return left

    def union(self, other: "Bits") -> "Bits":
        """The bits that either has."""
        both = Bits()
        size = max(len(self._bytes), len(other.bytes()))
        pairs = zip(self._bytes.ljust(size, b"\0"), other.bytes().ljust(size, b"\0"), strict=True)
        both._bytes = bytearray(mine | its for mine, its in pairs)
        return both

    def bytes(self) -> bytes:
        """As Redis stores it."""
        return bytes(self._bytes)


@dataclass(slots=True)
class Outcomes:
    """What the records tell. settled wins over refused: a variant that was tried again has both.

    fence: the highest of any record; new leases get higher ones, so that no new record overwrites an old one.
    """

    settled: Bits = field(default_factory=Bits)
    refused: dict[str, Bits] = field(default_factory=dict)
    refusals: dict[int, Refusal] = field(default_factory=dict)
    fence: int = 0
    gpu_seconds: float = 0.0

    def add_refusal(self, refusal: Refusal) -> None:
        """One refusal; the words of the first MAX_REFUSALS are kept."""
        self.refused.setdefault(refusal.code, Bits()).add(refusal.index)
        if len(self.refusals) < MAX_REFUSALS:
            self.refusals[refusal.index] = refusal


@dataclass(frozen=True, slots=True)
class Lost:
    """A job as storage knows it; see `keyspace` for the fields. ended: "cancelled" where it was, else empty."""

    id: str
    caller: str
    name: str
    lane: Lane
    models: tuple[str, ...]
    spec_hash: str
    results_uri: str
    manifest_uri: str
    count: int
    total: int
    span: int
    max_failures: int | None
    created_at: float
    ended: str = ""
    more: Mapping[str, str] = field(default_factory=dict)


def restore(book: Book, lost: Lost, outcomes: Outcomes) -> bool:
    """Put the job back; False where the ledger has it already, which is left as it is."""
    fields = {
        "caller": lost.caller,
        "name": lost.name,
        "lane": str(lost.lane),
        "models": " ".join(lost.models),
        "spec_hash": lost.spec_hash,
        "results_uri": lost.results_uri,
        "manifest_uri": lost.manifest_uri,
        "count": str(lost.count),
        "total": str(lost.total),
        "span": str(lost.span),
        "max_failures": "" if lost.max_failures is None else str(lost.max_failures),
        "created": f"{lost.created_at:.6f}",
        # A lease that was out when Redis died may still write records under the fences that came after the last one.
        "fences": str(outcomes.fence + 1_000_000),
        "used_gpu": f"{outcomes.gpu_seconds:.6f}",
        **lost.more,
    }
    refused = Bits()
    told: list[str | float | bytes] = []
    causes: list[str | float | bytes] = []
    for code, bits in _exclusive(outcomes).items():
        causes += [code, bits.bytes(), len(bits)]
        refused = refused.union(bits)
    for index, refusal in outcomes.refusals.items():
        if index in refused:
            told += [index, f"{refusal.code} {refusal.message[:MAX_MESSAGE]}"]
    restored, _ = book.script(
        "restore", lost.id, json.dumps(fields), lost.ended, outcomes.settled.bytes(), refused.bytes(), len(causes) // 3,
        *causes, *told,
    )  # fmt: skip
    return bool(restored)


def _exclusive(outcomes: Outcomes) -> dict[str, Bits]:
    """Each refused variant under one cause only (a second try may have failed for another), settled ones under none."""
    found: dict[str, Bits] = {}
    taken = outcomes.settled
    for code, bits in outcomes.refused.items():
        mine = bits.without(taken)
        if len(mine):
            found[code] = mine
            taken = taken.union(mine)
    return found


def restored_fields(budget: Budget, webhook: str, labels: Mapping[str, str]) -> Mapping[str, str]:
    """What the spec says of the run, as the hash has it."""
    bounds = {"budget_images": budget.images, "budget_gpu": budget.gpu_seconds}
    said = {"webhook": webhook, "labels": json.dumps(dict(labels))}
    return {name: "" if bound is None else f"{bound:.15g}" for name, bound in bounds.items()} | said
