"""Finished jobs leave: their keys in Redis, and where that is asked for their objects in storage."""

import time
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice

from api.desk import Desk
from jobs.ledger.retention import Finished, finished, forget
from jobs.state import State

SECONDS = 15.0
MAX_JOBS = 1000
DELETERS = 8


@dataclass(frozen=True, slots=True)
class Pruned:
    """What one round took away, or with a dry run would take. more: there is more of it; ask again."""

    jobs: tuple[str, ...]
    objects: int
    more: bool


@dataclass(frozen=True, slots=True)
class Choice:
    """Which jobs go. states: none for every terminal one. objects: their pictures, records and lists go too."""

    older_than_seconds: float
    states: frozenset[State] = frozenset()
    objects: bool = False
    dry_run: bool = False


def prune(desk: Desk, choice: Choice, *, caller: str | None) -> Pruned:
    """Take the caller's finished jobs away (None: everybody's), some seconds' worth; what is taken is taken whole.

    Objects go before keys, so that a crash between them leaves a job that can be pruned again.

    Raises:
        LedgerUnavailable, StorageUnavailable: ask again.

    """
    until, objects = time.monotonic() + SECONDS, 0
    gone: list[str] = []
    for job in finished(desk.book, caller=caller, older_than_seconds=choice.older_than_seconds):
        if choice.states and job.state not in choice.states:
            continue
        if time.monotonic() > until or len(gone) >= MAX_JOBS:
            return Pruned(tuple(gone), objects, more=True)
        if not choice.dry_run:
            if choice.objects:
                objects += _delete_objects(desk, job)
            if not forget(desk.book, job.id):
                continue
        gone.append(job.id)
    return Pruned(tuple(gone), objects, more=False)


def _delete_objects(desk: Desk, job: Finished) -> int:
    count = 0
    found = desk.storage.list(job.results_uri)
    with ThreadPoolExecutor(DELETERS, thread_name_prefix="prune") as pool:
        while uris := [one.uri for one in islice(found, 1000)]:
            list(pool.map(desk.storage.delete, uris))
            count += len(uris)
    return count


def states_of(said: Collection[State]) -> frozenset[State]:
    """Those of `said` in which a job can be pruned.

    Raises:
        ValueError: one of them is not terminal.

    """
    for state in said:
        if not state.terminal:
            raise ValueError(f"{state} is not an end: only finished jobs are pruned")
    return frozenset(said)
