"""Whether this door can do its work: the ledger and the storage, asked at most once in two seconds however many ask.

A probe runs in a thread of its own: a store that hangs costs the asker three seconds and us one thread, never more.
"""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NoAnswer
from dataclasses import dataclass, field

from jobs.errors import PentimentoError, StorageUnavailable
from jobs.ledger.book import Book
from jobs.ledger.fitness import check_fitness
from jobs.ledger.instance import Instance
from jobs.settings import Settings
from jobs.storage.routing import StorageByScheme

CACHE_SECONDS = 2.0
PATIENCE_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at; `detail` is one sentence, for a person."""

    name: str
    ok: bool
    detail: str


@dataclass(frozen=True, slots=True)
class Probe:
    """`ask` returns one sentence, or raises a PentimentoError."""

    name: str
    ask: Callable[[], str]


def probes(book: Book, storage: StorageByScheme, instance: Instance, settings: Settings) -> tuple[Probe, ...]:
    """What a door asks before it takes jobs."""

    def ledger() -> str:
        found = check_fitness(book, require_aof=settings.require_aof)
        try:
            instance.require()
        except StorageUnavailable:
            return found  # the other probe says so
        return found

    def store() -> str:
        storage.ensure_bucket()  # also the cheapest question that a missing bucket or a wrong key answers with no
        if storage.conditional_put:
            return "conditional writes: exactly one object for each key"
        return "no conditional writes: looks before it writes, with a narrow race between two workers"

    return (Probe("ledger", ledger), Probe("storage", store))


@dataclass(slots=True, eq=False)
class Readiness:
    """The last answers, and when they were got. clock: seconds, any origin, never backwards."""

    probes: tuple[Probe, ...]
    clock: Callable[[], float]
    patience_seconds: float = PATIENCE_SECONDS
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _asked: dict[str, Future[Check]] = field(default_factory=dict)
    _checks: tuple[Check, ...] = ()
    _until: float = float("-inf")

    def checks(self) -> tuple[Check, ...]:
        """All checks, at most `CACHE_SECONDS` old; one thread asks while the others wait for its answer."""
        with self._lock:
            if self.clock() >= self._until:
                until = self.clock() + self.patience_seconds
                for probe in self.probes:
                    if probe.name not in self._asked:
                        self._asked[probe.name] = _started(probe)
                self._checks = tuple(self._answer(probe.name, until - self.clock()) for probe in self.probes)
                self._until = self.clock() + CACHE_SECONDS
            return self._checks

    def _answer(self, name: str, seconds: float) -> Check:
        try:
            check = self._asked[name].result(max(0.0, seconds))
        except NoAnswer:  # it goes on; the next round waits for the same one
            return Check(name, ok=False, detail=f"no answer within {self.patience_seconds:g} seconds")
        del self._asked[name]
        return check


def _started(probe: Probe) -> "Future[Check]":
    future: Future[Check] = Future()

    def run() -> None:
        try:
            future.set_result(Check(probe.name, ok=True, detail=probe.ask()))
        except PentimentoError as error:
            future.set_result(Check(probe.name, ok=False, detail=_said(error)))
        except BaseException as error:  # noqa: BLE001  raised again where the answer is read
            future.set_exception(error)

    threading.Thread(target=run, name=f"probe-{probe.name}", daemon=True).start()
    return future


def _said(error: PentimentoError) -> str:
    return f"{error}. {error.remedy}" if error.remedy else str(error)
