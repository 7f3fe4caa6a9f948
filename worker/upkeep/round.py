"""One round of what every worker does at each tick: say that it lives, reap expired leases, send tickets for work."""

from typing import TYPE_CHECKING

import structlog

from jobs.broker import LIGHT_QUEUE
from jobs.errors import Poison
from jobs.ledger.rings import sample
from jobs.ledger.wanted import FIRST_CHUNK, note_places, noted_places
from jobs.telemetry.metrics import LEASES_EXPIRED, REAPER_ROUNDS, TICKETS, VARIANTS
from worker.upkeep.forgetting import abandon, retire

if TYPE_CHECKING:
    from worker.workshop import Workshop

_log = structlog.get_logger(__name__)


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
