"""The main loop: a lease, then prepare |> render |> publish until the chunk is settled or the lease is lost."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import structlog

from jobs.errors import DeviceLost, LedgerUnavailable, PentimentoError, StorageUnavailable, WorldsFault
from jobs.ledger.leasing import Beat
from jobs.ledger.views import GiveBack, Lease
from jobs.retry import Again
from jobs.telemetry.logs import about
from jobs.telemetry.metrics import CHUNK_SECONDS, LEASES_LOST
from worker.backends import Outcome, Prepared
from worker.chunk.lease import HeldLease
from worker.chunk.tally import Tally
from worker.crash_points import reach
from worker.health.circuit import STREAK

if TYPE_CHECKING:
    from worker.workshop import Workshop

_log = structlog.get_logger(__name__)


def run_chunk(lease: Lease, shop: "Workshop") -> Tally:
    """Work on one lease to its end, and give back what is open.

    Nothing that goes wrong here is raised: the lease is released, or it expires and is reaped.
    """
    with about(job=lease.job, chunk=lease.chunk), CHUNK_SECONDS.time():
        return _run(lease, shop)


def _run(lease: Lease, shop: "Workshop") -> Tally:
    began = shop.clock()
    tally, fault = Tally(done=set(lease.closed)), None
    with HeldLease(lease, shop.leasing, lease_seconds=shop.settings.lease_seconds, clock=shop.clock) as held:
        try:
            with shop.holding(held):
                _render(held, shop, tally)
        except PentimentoError as error:
            fault = error
            _log.warning("the chunk was given up", error=str(error))
        except Exception as error:  # noqa: BLE001 - one chunk, not the worker
            fault = WorldsFault(f"the worker failed with {type(error).__name__}; its log says more")
            _log.exception("the chunk failed")
        if held.said is Beat.LOST:
            # With everything done the job is over, and took its leases with it.
            LEASES_LOST.inc(any(open_ranges(lease, tally)))
        else:
            _give_back(lease, shop, tally, fault, seconds=shop.clock() - began)
    trouble = fault or tally.trouble
    if trouble is not None:
        shop.condition.failed(lease.job, trouble)
    if isinstance(fault, DeviceLost):
        shop.leave_lost()
    elif isinstance(fault, StorageUnavailable) or tally.away >= STREAK:
        shop.circuit.failed()
    elif tally.settled:
        shop.circuit.succeeded()
    _log.info("chunk", settled=tally.settled, refused=tally.refused, postponed=len(tally.postponed))
    return tally


def _render(held: HeldLease, shop: "Workshop", tally: Tally) -> None:
    plan = shop.manifests.plan(held.lease.manifest_uri)
    # A hole is nobody's: given back, it would be leased for ever; refused, it would be counted.
    tally.done.update(i for i in range(held.lease.start, held.lease.stop) if plan.sweep.is_hole(i))
    publisher = shop.publisher(held, plan, tally)
    ends = (shop.draining, shop.resting, held.stop, held.yielding)
    orders = shop.preparer.each(held.lease, plan, took=held.took, stopping=lambda: any(end.is_set() for end in ends))
    reach("before-render")

    def stepped(index: int) -> None:
        held.moved(index)
        shop.watchdog.stepped()

    def render(wanted: Iterator[Prepared]) -> Iterator[Outcome]:
        return shop.backend.render(wanted, stop=held.stop, on_step=stepped)

    for outcome in shop.watchdog.around(render, orders):
        reach("after-render")
        publisher.take(outcome)
        if tally.away >= STREAK:
            held.yielding.set()  # what is rendered now could not be stored
    publisher.flush()


def _give_back(lease: Lease, shop: "Workshop", tally: Tally, fault: PentimentoError | None, *, seconds: float) -> None:
    delay_seconds, attempt = 0.0, lease.attempt
    try:
        if fault is not None:
            verdict = shop.verdict(fault, lease.attempt)
            if isinstance(verdict, Again):
                delay_seconds, attempt = verdict.delay_seconds, verdict.attempt
            else:
                for index in [i for i in range(lease.start, lease.stop) if i not in tally.done]:
                    shop.leasing.refuse(lease, index, code=fault.code, message=verdict.reason)
                    tally.done.add(index)
        elif tally.away >= STREAK:
            delay_seconds = max(give.delay_seconds for give, *_ in tally.postponed)
        gives = [*tally.postponed]
        gives += [(GiveBack(a, z, delay_seconds, attempt), "", "") for a, z in open_ranges(lease, tally)]
        reach("before-release")
        shop.leasing.release(lease, gives, chunk=_chunk_hint(tally, seconds, shop.settings.chunk_seconds))
        reach("after-release")
    except LedgerUnavailable as error:
        # The lease expires by itself, and the reaper gives its rest out again.
        _log.warning("the lease could not be released", fence=lease.fence, error=str(error))


def open_ranges(lease: Lease, tally: Tally) -> Iterator[tuple[int, int]]:
    """The stretches of a lease, `first <= index < behind`, that nothing was done about."""
    first: int | None = None
    for index in range(lease.start, lease.stop + 1):
        is_open = index < lease.stop and index not in tally.done
        if is_open and first is None:
            first = index
        elif not is_open and first is not None:
            yield first, index
            first = None


def _chunk_hint(tally: Tally, seconds: float, chunk_seconds: float) -> int | None:
    if not tally.settled or seconds <= 0:
        return None
    return max(1, int(tally.settled / seconds * chunk_seconds))
