"""A job's refusals by cause, so that a person sees five reasons and their remedies where a thousand variants failed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from api.desk import Desk
from api.results import LINK_SECONDS, Record, cursor_of
from jobs.errors import NotFound
from jobs.keys import errors_jsonl_uri, results_jsonl_uri
from jobs.ledger.keyspace import MAX_REFUSALS
from jobs.ledger.views import Refusal

MOST_FIRST = 20
"""Indexes that a group names; all of them are in the cells and in errors.jsonl."""

_FILES = {"results": results_jsonl_uri, "errors": errors_jsonl_uri}


@dataclass(frozen=True, slots=True)
class Failure:
    """One cause. message, blame, remedy: of one of its variants. first: its lowest indexes, at most MOST_FIRST."""

    code: str
    count: int
    blame: str
    message: str
    remedy: str
    first: tuple[int, ...]


def failures(desk: Desk, job: str, *, caller: str) -> tuple[Failure, ...]:
    """The job's causes, the most frequent first.

    Raises:
        NotFound: no such job.
        StorageUnavailable, LedgerUnavailable: try again.

    """
    view = desk.get(job, caller=caller)
    kept = desk.book.refusals(job, limit=MAX_REFUSALS)
    ordered = sorted(view.causes.items(), key=lambda cause: (-cause[1], cause[0]))
    return tuple(
        _failure(desk, view.id, caller, code, count, [one for one in kept if one.code == code])
        for code, count in ordered
        if count
    )


def _failure(desk: Desk, job: str, caller: str, code: str, count: int, kept: Sequence[Refusal]) -> Failure:
    first = tuple(one.index for one in kept[:MOST_FIRST])
    message = kept[0].message if kept else "The ledger keeps a thousand reasons; this one's are in errors.jsonl."
    record = _record(desk, job, caller, first[0]) if first else None
    if record is None or record.error is None:
        return Failure(code, count, "", message, "", first)
    return Failure(code, count, record.error.blame, record.error.message, record.error.remedy, first)


def _record(desk: Desk, job: str, caller: str, index: int) -> Record | None:
    """The variant's own record, which says more than the ledger does; None while it stands nowhere."""
    found = desk.results(job, caller=caller, cursor=cursor_of(index), limit=1).records
    return found[0] if found and found[0].index == index else None


def record_file(desk: Desk, job: str, name: Literal["results", "errors"], *, caller: str) -> str:
    """A link to results.jsonl or errors.jsonl, good for 15 minutes.

    Raises:
        NotFound: no such job, or it is not written yet.

    """
    view = desk.get(job, caller=caller)
    uri = _FILES[name](view.results_uri)
    if not view.written or desk.storage.head(uri) is None:
        remedy = "It is written when the job is finished; GET …/results pages through what there is."
        raise NotFound(f"the job {job} has no {name}.jsonl yet", remedy=remedy)
    return desk.storage.link(uri, ttl_seconds=LINK_SECONDS)
