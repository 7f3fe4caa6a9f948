"""What every worker does at each tick: say that it lives, reap expired leases, send the tickets there is work for."""

import threading
from contextlib import suppress
from typing import TYPE_CHECKING

import structlog

from jobs.broker import LIGHT_QUEUE
from jobs.errors import LedgerLost, LedgerUnavailable, NotFound, Poison, StorageUnavailable
from jobs.ledger.figures import Figures
from jobs.ledger.retention import finished, forget
from jobs.ledger.rings import sample
from jobs.ledger.waits import Waits
from jobs.ledger.wanted import FIRST_CHUNK, note_places, noted_places
from jobs.telemetry.carrying import Packer
from jobs.telemetry.metrics import LEASES_EXPIRED, REAPER_ROUNDS, SLOTS, TICKETS, VARIANTS

if TYPE_CHECKING:
    from worker.workshop import Workshop

_log = structlog.get_logger(__name__)

ALARM_SECONDS = 30.0
VIGIL_SECONDS = 2.0
TELL_TICKS = 5
ROUND_SECONDS = 180.0
"""A round waits for Redis at most, command by command; longer than that, and the thread hangs."""


def tick(shop: "Workshop") -> None:
    """One round. The reaper runs in one process at a time, the dispatcher in one of each kind; whichever comes first.

    Each kind its own: workers of one know nothing of what those of another can do, and would keep the turn from them
    for as long as their clocks tick in step.
    """
    if shop.leasing.announce(shop.view()):
        shop.resting.set()
    else:
        shop.resting.clear()
    seconds = shop.settings.tick_seconds * 0.9
    if shop.leasing.alone_at(f"dispatch {' '.join(shop.offers)}", seconds=seconds):
        dispatch(shop)
    shop.places = max(shop.floor.slots, noted_places(shop.book, shop.queue))
    if not shop.leasing.alone_at("tick", seconds=seconds):
        return
    reaped = shop.leasing.reap()
    REAPER_ROUNDS.inc()
    LEASES_EXPIRED.inc(reaped.leases)
    VARIANTS.labels("refused", Poison.code).inc(reaped.poisoned)
    if reaped.leases:
        _log.warning("leases expired", count=reaped.leases, poisoned=reaped.poisoned)
        dispatch(shop)  # what the dead held waits for nobody's next tick
    sample(shop.book, workers=len(shop.book.workers()))
    abandon(shop)
    retire(shop)


def abandon(shop: "Workshop") -> int:
    """Cancel what a call waited for whose process is gone, and that nobody has come back for; returns how many."""
    waits, left = Waits(shop.book), 0
    for job in waits.left():
        with suppress(NotFound):  # pruned since
            view = shop.book.describe(job)
            if not view.state.terminal:
                shop.book.cancel(job, caller=view.caller, reason="nobody waits for it any more")
                _log.warning("a job that nobody waits for was cancelled", job=job)
                left += 1
        waits.forget(job, ())
    return left


def retire(shop: "Workshop") -> int:
    """Once an hour the jobs that finished `retention_days` ago leave the ledger; returns how many."""
    days = shop.settings.retention_days
    if not days or not shop.leasing.alone_at("retire", seconds=3600):
        return 0
    old = finished(shop.book, caller=None, older_than_seconds=days * 86_400)
    gone = sum(forget(shop.book, job.id) for job in old)
    if gone:
        _log.info("finished jobs were pruned", count=gone)
    return gone


class Vigil:
    """Says in the log, once a while and not once a tick, that the ledger was lost."""

    def __init__(self, shop: "Workshop") -> None:
        self._shop = shop
        self._silent_until = float("-inf")

    def look(self) -> bool:
        """Whether Redis still is this deployment's."""
        try:
            self._shop.instance.require()
        except LedgerLost as error:
            if self._shop.clock() >= self._silent_until:
                self._silent_until = self._shop.clock() + ALARM_SECONDS
                _log.critical("the ledger is lost", error=str(error), remedy=error.remedy)
            return False
        except StorageUnavailable:
            return True  # a Redis without an id, and nothing to compare it with: the next tick asks again
        return True


def dispatch(shop: "Workshop") -> int:
    """Send min(free places, leasable chunks) − queue length tickets; returns how many.

    Celery's unacknowledged messages are not counted: those of dead workers would stall everything.
    """
    peers = [worker for worker in shop.book.workers() if worker.queue == shop.queue and not worker.drained]
    note_places(shop.book, shop.queue, sum(worker.slots for worker in peers))
    free = sum(max(0, worker.slots - worker.busy) for worker in peers)
    demand = shop.leasing.demand(models=shop.offers, limit=max(free, 1), first_chunk=FIRST_CHUNK)
    wanted = max(min(free, demand.render), min(1, demand.urgent))
    missing = max(0, wanted - shop.leasing.queue_length(shop.queue))
    shop.tickets.render(shop.queue, missing)
    TICKETS.labels("render").inc(missing)
    if demand.duties and shop.leasing.queue_length(LIGHT_QUEUE) == 0:
        shop.tickets.light()
        TICKETS.labels("light").inc()
    return missing


class Telling:
    """Hands what this process counted on to the ledger, where every API shows it."""

    def __init__(self, shop: "Workshop") -> None:
        self._shop = shop
        self._figures = Figures(shop.book)
        self._packer = Packer()
        self._rounds = 0

    def round(self) -> None:
        """One tick; every few of them is a telling."""
        if self._rounds % TELL_TICKS == 0:
            self.now()
        self._rounds += 1

    def now(self) -> None:
        """Tell. What can't be told now goes with the next telling, and is counted once."""
        SLOTS.labels("busy").set(self._shop.floor.busy)
        SLOTS.labels("all").set(self._shop.floor.slots)
        self._figures.add(self._shop.id, self._packer.parcel())
        self._packer.arrived()


class Housekeeping:
    """The thread that ticks."""

    def __init__(self, shop: "Workshop") -> None:
        self._shop = shop
        self._vigil = Vigil(shop)
        self._telling = Telling(shop)
        self._over = threading.Event()
        self._round_at = shop.clock()
        self._announced = False
        self._thread = threading.Thread(target=self._run, name="housekeeping", daemon=True)

    def start(self) -> None:
        """Begin to tick."""
        self._thread.start()
        # Apart from the ticks: it may ask the store, and a store that hangs must not keep the reaper waiting.
        threading.Thread(target=self._keep_vigil, name="vigil", daemon=True).start()

    @property
    def lives(self) -> bool:
        """Whether the rounds go on and the device makes steps; a Redis that is away is no death."""
        return self._shop.clock() - self._round_at < ROUND_SECONDS and not self._shop.watchdog.hangs()

    @property
    def ready(self) -> bool:
        """Whether this worker has announced itself, and is not about to leave."""
        return self._announced and not self._shop.draining.is_set()

    def stop(self) -> None:
        """Stop, and take this worker off the list."""
        self._over.set()
        self._thread.join(timeout=5)
        try:
            self._telling.now()
            self._shop.leasing.leave(self._shop.id)
        except LedgerUnavailable:
            _log.warning("Redis is away; the worker's announcement expires by itself")

    def _keep_vigil(self) -> None:
        while not self._over.is_set():
            try:
                self._vigil.look()
            except LedgerUnavailable as error:
                _log.info("the ledger's identity is not known", error=str(error))
            except Exception:  # noqa: BLE001 - the next look may fare better
                _log.exception("the vigil failed")
            self._over.wait(VIGIL_SECONDS)

    def _run(self) -> None:
        while not self._over.is_set():
            self._round_at = self._shop.clock()
            try:
                tick(self._shop)
                self._announced = True
                self._telling.round()
            except LedgerUnavailable as error:
                _log.warning("no tick", error=str(error))
            except Exception:  # noqa: BLE001 - the next tick may fare better
                _log.exception("the tick failed")
            self._over.wait(self._shop.settings.tick_seconds)
