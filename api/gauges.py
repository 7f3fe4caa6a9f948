"""What the metrics page shows of the ledger: read when somebody asks, at most once in two seconds however many ask."""

import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from api.desk import Desk
from jobs import __version__
from jobs.broker import LIGHT_QUEUE
from jobs.errors import LedgerLost, LedgerUnavailable, StorageUnavailable
from jobs.ledger.figures import Farmwide, Figures
from jobs.ledger.leasing import Leasing
from jobs.ledger.pulse import memory, pulse
from jobs.ledger.views import WorkerView
from jobs.telemetry import metrics
from jobs.telemetry.carrying import Page, unpacked
from jobs.telemetry.metrics import BOTH, DOORS, LEDGER

CACHE_SECONDS = 2.0


@dataclass(slots=True, eq=False)
class Gauges:
    """The page's source; thread-safe. clock: seconds, never backwards."""

    desk: Desk
    clock: Callable[[], float]
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _until: float = float("-inf")
    _farm: Farmwide = field(default_factory=lambda: Farmwide({}, {}))

    def page(self) -> bytes:
        """Everything that there is to tell. While Redis is away the rest stays as it was last seen."""
        with self._lock:
            if self.clock() >= self._until:
                try:
                    self._read()
                    metrics.REDIS_UP.set(1)
                except LedgerUnavailable:
                    metrics.REDIS_UP.set(0)
                self._until = self.clock() + CACHE_SECONDS
            metrics.BUILD.labels(__version__).set(1)
            page = Page()
            page.add(LEDGER)
            page.add(DOORS)
            page.add(BOTH, role="api")
            page.add_unpacked(unpacked(self._farm.sums, self._farm.gauges))
            return page.text()

    def _read(self) -> None:
        book = self.desk.book
        said, server, workers = pulse(book), memory(book), book.workers()
        self._farm = Figures(book).read()
        for state, count in said.jobs.items():
            metrics.JOBS.labels(str(state)).set(count)
        for lane, queue in said.queues.items():
            metrics.QUEUE_JOBS.labels(str(lane)).set(queue.jobs)
            metrics.QUEUE_VARIANTS.labels(str(lane)).set(queue.variants)
            metrics.QUEUE_OLDEST.labels(str(lane)).set(queue.oldest_seconds)
        metrics.LEASES.set(said.leases)
        metrics.LEASES_OVERDUE.set(said.leases_overdue)
        for kind, count in said.duties.items():
            metrics.DUTIES.labels(kind).set(count)
            metrics.DUTIES_OVERDUE.labels(kind).set(said.duties_overdue[kind])
        metrics.REDIS_MEMORY.labels("used").set(server.used_bytes)
        metrics.REDIS_MEMORY.labels("limit").set(server.limit_bytes)
        metrics.REDIS_EVICTED.set(server.evicted)
        metrics.REDIS_AOF_OK.set(server.aof_ok)
        self._models(said.wanted, workers)
        self._workers(workers)
        self._lost()

    def _models(self, wanted: Mapping[str, int], workers: tuple[WorkerView, ...]) -> None:
        """Wanted ones, and those of the table: no other name gets a label, however many were asked for once."""
        metrics.MODEL_JOBS.clear()
        metrics.MODEL_WORKERS.clear()
        able = Counter(name for worker in workers if not worker.drained for name in worker.models)
        for name in {*self.desk.table.models, *wanted}:
            metrics.MODEL_JOBS.labels(name).set(wanted.get(name, 0))
            metrics.MODEL_WORKERS.labels(name).set(able[name])

    def _workers(self, workers: tuple[WorkerView, ...]) -> None:
        metrics.WORKERS.clear()
        metrics.TICKETS_WAITING.clear()
        for worker in workers:
            state = "drained" if worker.drained else "busy" if worker.busy else "idle"
            metrics.WORKERS.labels(worker.backend, state).inc()
        leasing = Leasing(self.desk.book)
        for queue in {LIGHT_QUEUE, *(worker.queue for worker in workers if worker.queue)}:
            metrics.TICKETS_WAITING.labels(queue).set(leasing.queue_length(queue))

    def _lost(self) -> None:
        try:
            self.desk.instance.require()
            metrics.LEDGER_LOST.set(0)
        except LedgerLost:
            metrics.LEDGER_LOST.set(1)
        except StorageUnavailable:
            return  # nothing to compare with: as it was
