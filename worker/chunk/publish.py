"""From outcomes to facts: encode, store, record, settle; in this order, so that what the ledger counts is there."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Any, TypeVar

import structlog

from jobs.errors import LedgerUnavailable, PentimentoError, StorageUnavailable
from jobs.keys import picture_uri
from jobs.ledger.leasing import Leasing
from jobs.ledger.speeds import Work
from jobs.ledger.views import GiveBack
from jobs.retry import Again, decide, wait_seconds
from jobs.storage import Storage, Written
from jobs.telemetry.logs import about
from jobs.telemetry.metrics import REWORK, VARIANTS, staged
from jobs.variant import Variant
from worker.backends import Outcome, Refused, Rendered, Stored
from worker.chunk.lease import HeldLease
from worker.chunk.pace import Pace
from worker.chunk.tally import Tally
from worker.crash_points import reach
from worker.output.picture import Encoder
from worker.results.manifests import Plan
from worker.results.records import RecordParts, refused_record, settled_record
from worker.results.stored import find_stored
from worker.results.thumbs import Thumbs

_log = structlog.get_logger(__name__)

T = TypeVar("T")

FLUSH_SECONDS = 1.0
"""Outcomes of about this long share one part file and one settle: 3 ms of storage and Redis for many pictures."""
FLUSH_COUNT = 256
"""Or so many, where they come faster: the cost of a request to the store is what counts then."""
PENDING = 16
"""Pictures that wait for encoding or upload at most; above it the engine waits (back-pressure)."""
TRIES = 6


class Publisher:
    """Publishes the outcomes of one lease. `take` is called from one thread; encoding and uploading run in the pool."""

    def __init__(  # noqa: PLR0913, PLR0917 - what one lease needs of the workshop
        self,
        held: HeldLease,
        plan: Plan,
        tally: Tally,
        leasing: Leasing,
        storage: Storage,
        encoder: Encoder,
        pool: ThreadPoolExecutor,
        pace: Pace,
        thumbs: Thumbs,
        worker: str,
    ) -> None:
        self.tally = tally
        self._held = held
        self._plan = plan
        self._leasing = leasing
        self._storage = storage
        self._encoder = encoder
        self._pool = pool
        self._pace = pace
        self._thumbs = thumbs
        self._parts = RecordParts(storage, held.lease, worker=worker)
        self._pending: dict[Future[dict[str, Any]], Variant] = {}
        self._records: list[dict[str, Any]] = []
        self._media_type = f"image/{plan.spec.output.format}"
        self._flushed_at = pace.clock()

    def take(self, outcome: Outcome) -> None:
        """One outcome; blocks while too many pictures wait to be stored."""
        if isinstance(outcome, Refused):
            self.refuse(outcome.variant, outcome.error)
        else:
            self._pending[self._pool.submit(self._store, outcome)] = outcome.order.variant
        self._collect(block=len(self._pending) >= PENDING)
        if self._pace.clock() - self._flushed_at >= FLUSH_SECONDS or len(self._records) >= FLUSH_COUNT:
            self._settle()

    def flush(self) -> None:
        """Wait for everything that was taken and settle it."""
        while self._pending:
            self._collect(block=True)
        self._settle()

    def _store(self, outcome: Rendered | Stored) -> dict[str, Any]:
        lease = self._held.lease
        with about(job=lease.job, chunk=lease.chunk, variant=outcome.order.variant.index):
            return self._stored(outcome)

    def _stored(self, outcome: Rendered | Stored) -> dict[str, Any]:
        order, rung = outcome.order, outcome.rung
        uri = picture_uri(self._held.lease.results_uri, self._plan.spec, order.variant)
        if isinstance(outcome, Rendered):
            height, width = outcome.pixels.shape[:2]
            with staged("encode"):
                data = self._encoder.encode(outcome, self._plan.spec.output.format)
            sha256, size, seconds = hashlib.sha256(data).hexdigest(), len(data), outcome.seconds
            self._thumbs.keep(self._held.lease.results_uri, order, outcome.pixels)
            reach("before-write")
            with staged("upload"):
                written = self._storage.write(uri, data, self._media_type, if_absent=True)
            VARIANTS.labels("rendered", "").inc()
            if written is Written.EXISTS:
                REWORK.labels("stored").inc()
                # Somebody wrote it before us: the same picture from a holder that was thought dead, or a stranger's.
                _log.info("stored before")
                stored = find_stored(self._storage, uri, order)
                if stored is not None:
                    sha256, size, order, rung = stored.sha256, stored.size, stored.order, stored.rung
            reach("after-write")
        else:
            height, width = order.pixels.shape[:2]
            sha256, size, seconds = outcome.sha256, outcome.size, 0.0
            if outcome.linked:
                uri = outcome.linked
                self._thumbs.link(self._held.lease.results_uri, order, outcome.thumb)
            VARIANTS.labels("linked" if outcome.linked else "stored", "").inc()
        self._held.moved()
        return settled_record(
            order.variant,
            key=uri,
            sha256=sha256,
            size=size,
            width=width,
            height=height,
            image_sha256=order.image_sha256,
            fingerprint=order.fingerprint,
            seconds=seconds,
            linked=self._plan.spec.run.extends if isinstance(outcome, Stored) and outcome.linked else "",
            rung=rung,
        )

    def _collect(self, *, block: bool) -> None:
        if block:
            done, _ = wait(self._pending, return_when=FIRST_COMPLETED)
        else:
            done = {future for future in self._pending if future.done()}
        for future in done:
            variant = self._pending.pop(future)
            try:
                self._records.append(future.result())
                self.tally.away = 0
            except PentimentoError as error:
                self.refuse(variant, error)
            except Exception as error:  # noqa: BLE001 - one variant, not its neighbours
                with about(variant=variant.index):
                    _log.exception("storing failed")
                self.refuse(variant, PentimentoError(f"storing the picture failed: {type(error).__name__}"))

    def refuse(self, variant: Variant, error: PentimentoError) -> None:
        """No picture: try again later where the fault is the world's, else record the refusal."""
        lease, pace = self._held.lease, self._pace
        verdict = decide(
            error,
            lease.attempt,
            max_attempts=pace.max_attempts,
            base_seconds=pace.base_seconds,
            random=pace.random(),
        )
        self.tally.done.add(variant.index)
        self.tally.trouble = error
        if isinstance(error, StorageUnavailable):
            self.tally.away += 1
        if isinstance(verdict, Again):
            give = GiveBack(variant.index, variant.index + 1, verdict.delay_seconds, verdict.attempt)
            self.tally.postponed.append((give, error.code, str(error)))
            VARIANTS.labels("postponed", error.code).inc()
            said = "postponed"
        else:
            record = refused_record(variant, error, reason=verdict.reason)
            self._insist(lambda: self._parts.write([record]))
            reach("before-refuse")
            self._insist(lambda: self._leasing.refuse(lease, variant.index, code=error.code, message=verdict.reason))
            reach("after-refuse")
            self.tally.refused += 1
            VARIANTS.labels("refused", error.code).inc()
            said = "refused"
        with about(variant=variant.index):
            _log.info(said, code=error.code, reason=str(error))
        self._held.ended(variant.index)

    def _settle(self) -> None:
        self._flushed_at = self._pace.clock()
        if not self._records:
            return
        records, self._records = self._records, []
        indexes = [int(record["index"]) for record in records]
        seconds = sum(float(record["seconds"]) for record in records)
        with staged("settle"):
            reach("before-record")
            self._insist(lambda: self._parts.write(records))
            reach("after-record")
            reach("before-settle")
            fresh = self._insist(lambda: self._leasing.settle(self._held.lease, indexes, seconds=seconds))
            reach("after-settle")
        self.tally.settled += fresh
        REWORK.labels("settled").inc(len(indexes) - fresh)
        self._measure(records)
        self.tally.done.update(indexes)
        for index in indexes:
            self._held.ended(index)

    def _measure(self, records: Sequence[Mapping[str, Any]]) -> None:
        """Tell how fast that was; a plan's estimate is no reason to give up a lease."""
        said = ((record, record["parameters"]) for record in records)
        works = [
            Work(p["model"], r["width"], r["height"], float(r["seconds"]), int(p["steps"] * p["strength"]))
            for r, p in said
        ]
        try:
            self._leasing.speeds.add(works)
        except LedgerUnavailable as error:
            _log.info("a speed was not noted", error=str(error))

    def _insist(self, act: Callable[[], T]) -> T:
        """Do it, waiting out a store or a Redis that is away for some seconds; both acts are idempotent."""
        for attempt in range(TRIES):
            try:
                return act()
            except (LedgerUnavailable, StorageUnavailable):
                if attempt + 1 == TRIES:
                    raise
                self._pace.sleep(wait_seconds(attempt, base_seconds=0.5, random=self._pace.random()))
        raise AssertionError
