"""What a ticket does: lease the best chunk, work on it, ask again, until its time is up or nothing is left."""

from typing import TYPE_CHECKING

import structlog

from jobs.errors import LedgerUnavailable, PentimentoError
from jobs.ledger.leasing import Drain, Duty
from jobs.ledger.views import Lease
from jobs.ledger.wanted import FIRST_CHUNK
from jobs.telemetry.logs import about
from worker.chunk.run import run_chunk
from worker.crash_points import reach
from worker.duties.finishing import finish
from worker.duties.held import HeldDuty
from worker.duties.marking import write_marks
from worker.duties.planning import plan
from worker.duties.webhooks import deliver

if TYPE_CHECKING:
    from worker.workshop import Workshop

_log = structlog.get_logger(__name__)


def render(shop: "Workshop") -> int:
    """Work off chunks; returns how many leases were held."""
    held, deadline = 0, shop.clock() + shop.settings.ticket_seconds
    with shop.floor.entered():
        while shop.clock() < deadline and not shop.draining.is_set() and not shop.resting.is_set():
            lease = _take(shop)
            if lease is None:
                return held
            with shop.floor.alone(wanted=lease.alone):
                shop.note_rendered(run_chunk(lease, shop).settled)
            held += 1
    if not shop.draining.is_set() and not shop.resting.is_set():
        shop.tickets.render(shop.queue)
    return held


def _take(shop: "Workshop") -> Lease | None:
    place = shop.floor.place()
    if place is None or shop.cold.is_set() or not shop.circuit.lets(shop.store_answers):
        return None
    reach("before-lease")
    try:
        lease = shop.leasing.lease(
            shop.id,
            models=shop.offers,
            lease_seconds=shop.settings.lease_seconds,
            slots=shop.places,
            first_chunk=FIRST_CHUNK,
            urgent_only=place.urgent_only,
            alone_allowed=place.alone_allowed,
            loaded=shop.loaded,
        )
    except LedgerUnavailable as error:
        _log.warning("nothing to lease", error=str(error))
        return None
    if lease is None or isinstance(lease, Drain):
        return None
    reach("after-lease")
    return lease


def light(shop: "Workshop") -> int:
    """Do the duties that are due; returns how many were done."""
    done = 0
    while not shop.draining.is_set() and not shop.resting.is_set():
        try:
            duty = shop.leasing.take_duty(hold_seconds=shop.settings.lease_seconds)
            if duty is None:
                return done
            with about(job=duty.job), HeldDuty(duty, shop.leasing, hold_seconds=shop.settings.lease_seconds) as held:
                _do(duty, held, shop)
        except LedgerUnavailable as error:
            _log.warning("the duties wait", error=str(error))
            return done
        done += 1
    return done


def _do(duty: Duty, held: HeldDuty, shop: "Workshop") -> None:
    try:
        if duty.kind == "plan":
            plan(duty.job, shop)
        elif duty.kind == "hook":
            delay_seconds = deliver(duty.job, shop)
            if delay_seconds is None:
                held.done()
            else:
                shop.leasing.duty_later(duty, delay_seconds=delay_seconds)
        elif duty.kind == "marks":
            write_marks(duty.job, shop.book, shop.storage)
            held.done()
        else:
            finish(duty.job, shop)
            reach("before-event")
            held.done()
            reach("after-event")
    except PentimentoError as error:
        _log.warning("a duty failed", duty=str(duty), error=str(error))
        if error.retryable:
            shop.leasing.duty_later(duty, delay_seconds=5.0)
        elif duty.kind == "plan":
            shop.leasing.fail(duty.job, reason=str(error))
        else:
            held.done()
    except Exception:  # noqa: BLE001 - one duty, not the worker
        # Not held any longer, it comes again by itself, for a worker that may fare better.
        _log.exception("a duty failed", duty=str(duty))
