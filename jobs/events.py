"""Facts about a job in the order in which they happened; the feed that SSE, the terminal and gRPC watch.

The ledger appends them inside the same script that changes the state, so an event is never early, late or missing.
The id is the Redis stream id ("1716741000000-0"), so a watcher that comes back with the last id it saw loses nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Event:
    """One fact. `kind` is one of KINDS; `data` holds its fields as strings, as Redis stores them."""

    id: str
    kind: str
    data: Mapping[str, str]


KINDS: Mapping[str, str] = {
    "accepted": "the job is durable; fields: caller, lane",
    "queued": "planning is done; fields: count (variants), total (raw positions)",
    "started": "the first lease was given; fields: worker",
    "settled": "pictures are stored; fields: indexes (ranges, as 0-63,70), settled, refused, count",
    "refused": "a variant has no picture; fields: index, code, message, settled, refused, count",
    "postponed": "a variant will be tried again; fields: index, code, message, attempt, delay_seconds",
    "lost": "a lease expired; fields: worker, first, last, suspects",
    "recovered": "the job was brought back from storage after Redis lost it; fields: settled, refused, count",
    "paused": "no new leases; fields: reason",
    "resumed": "leases are given again; fields: reopened (refused variants that are tried again, after a retry)",
    "moved": "to another lane; fields: lane",
    "finished": "terminal; fields: state, settled, refused, reason",
    "hooked": "the webhook was tried; fields: state (pending, delivered, failed), attempts, message",
    "written": "results.jsonl, errors.jsonl and the sheet are stored; fields: results, errors, sheet",
}
