"""From a lease to orders: each variant's init image fetched, decoded and fitted, a few ahead of the engine."""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import structlog

from jobs.errors import ImageNotFound, PentimentoError
from jobs.keys import picture_uri
from jobs.ledger.views import Lease
from jobs.models import ModelTable
from jobs.storage import Storage
from jobs.telemetry.logs import about
from jobs.telemetry.metrics import staged
from jobs.variant import Variant, masked
from worker.backends import Backend, Order, Prepared, Refused
from worker.intake import Intake
from worker.results.manifests import Plan
from worker.results.stored import find_stored

_log = structlog.get_logger(__name__)

AHEAD = 4
"""Variants prepared before the engine asks: enough to hide a fetch behind the picture before it."""


class Preparer:
    """Makes orders. Thread-safe; one for the whole process."""

    def __init__(
        self, intake: Intake, backend: Backend, table: ModelTable, storage: Storage, pool: ThreadPoolExecutor
    ) -> None:
        self._intake = intake
        self._backend = backend
        self._table = table
        self._storage = storage
        self._pool = pool

    def each(
        self, lease: Lease, plan: Plan, *, took: Callable[[int], None], stopping: Callable[[], bool]
    ) -> Iterator[Prepared]:
        """An order, or its refusal, for each variant of the lease, in order, lazily.

        `took(index)` is called as work on a variant begins; once `stopping()` is true no further variant begins.
        """
        waiting: deque[Future[Prepared]] = deque()
        try:
            for index in range(lease.start, lease.stop):
                if stopping():
                    break
                if index in lease.closed or plan.sweep.is_hole(index):
                    continue
                took(index)
                waiting.append(self._pool.submit(self.one, lease, plan, plan.sweep[index]))
                if len(waiting) > AHEAD:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()

    def one(self, lease: Lease, plan: Plan, variant: Variant) -> Prepared:
        """One variant's order; whatever goes wrong is this variant's refusal and never its neighbours'."""
        with about(job=lease.job, chunk=lease.chunk, variant=variant.index):
            try:
                with staged("prepare"):
                    return self._order(lease, plan, variant)
            except PentimentoError as error:
                return Refused(variant, error)
            except Exception as error:  # noqa: BLE001 - one variant, not its neighbours
                _log.exception("preparing failed")
                said = f"preparing {variant.image.uri} failed: {type(error).__name__}"
                return Refused(variant, PentimentoError(said))

    def _order(self, lease: Lease, plan: Plan, variant: Variant) -> Prepared:
        wanted = variant.parameters
        model = self._table.resolve(wanted.model)
        image = self._intake.image_of(variant, model, caller=lease.caller, job=lease.job)
        height, width = image.pixels.shape[:2]
        fingerprint = self._backend.fingerprint(variant, image_sha256=image.sha256, width=width, height=height)
        mask = None
        if variant.mask:
            found = self._intake.mask(
                variant.mask,
                image,
                caller=lease.caller,
                mode=wanted.fit,
                feather_pixels=wanted.mask_feather,
                job=lease.job,
            )
            mask, fingerprint = found.kept, masked(fingerprint, found.sha256)
        order = Order(variant, image.pixels, image.sha256, fingerprint, mask, urgent=lease.urgent)
        linked = plan.earlier.find(order) if plan.earlier else None
        if linked is not None:
            return linked
        if not lease.again:
            return order
        # A crash between writing and settling costs a look at the store, not a second rendering.
        try:
            return find_stored(self._storage, picture_uri(lease.results_uri, plan.spec, variant), order) or order
        except ImageNotFound:
            return order
