"""The composition root: settings in, a worker's whole equipment out; what every ticket of the process shares."""

import os
import random
import secrets
import socket
import threading
import time
from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import structlog

from jobs.broker import Tickets, render_queue
from jobs.errors import InvalidSpec, PentimentoError, Problem, StorageUnavailable
from jobs.exits import DEVICE_LOST
from jobs.ledger.book import Book
from jobs.ledger.instance import Instance
from jobs.ledger.leasing import Leasing
from jobs.ledger.views import WorkerView, backend_mark
from jobs.models import ModelTable
from jobs.retry import Again, GiveUp, decide
from jobs.settings import Settings
from jobs.storage import open_storage
from jobs.storage.rights import Rights
from jobs.telemetry.metrics import HANDS
from worker.backends.registry import open_backend
from worker.booth.pool import booths
from worker.chunk.lease import HeldLease
from worker.chunk.pace import Pace
from worker.chunk.prepare import Preparer
from worker.chunk.publish import Publisher
from worker.chunk.tally import Tally
from worker.crash_points import trap
from worker.floor import Floor
from worker.health.circuit import Circuit
from worker.health.condition import Condition
from worker.health.watchdog import Watchdog
from worker.intake import Intake
from worker.intake.fetch import Fetcher
from worker.output.picture import Encoder
from worker.results.manifests import Manifests, Plan
from worker.results.thumbs import Thumbs

_log = structlog.get_logger(__name__)

PREPARE_THREADS = 4
PUBLISH_THREADS = 4
"""Encoding releases the GIL and uploading waits: a few threads keep both off the device's path."""

LEAVE_SECONDS = 3.0
EXIT_LEFT = 143


class Workshop:
    """One process' equipment. Opening it connects to nothing and loads no weights."""

    def __init__(self, settings: Settings) -> None:
        trap.set(settings.crash_at)
        self.settings = settings
        self.clock = time.monotonic
        self.draining = threading.Event()
        """This process ends: no more leases, what is in flight is finished, the rest given back."""
        self.resting = threading.Event()
        """The same for as long as somebody has drained this worker, who goes on living."""
        self.watchdog = Watchdog(settings.stall_seconds, clock=self.clock, end=lambda: os._exit(DEVICE_LOST))
        self._held: set[HeldLease] = set()
        self._leaving = False
        self.id = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(3)}"
        self.book = Book.open(settings)
        self.leasing = Leasing(self.book)
        self.tickets = Tickets(settings)
        self.storage = open_storage(settings)
        self.instance = Instance(self.book, self.storage, settings.output_uri)
        self.table = ModelTable.load(settings.models_file)
        self.backend = open_backend(settings, self.table)
        _check_offers(settings.offers, self.backend.abilities.models)
        self.floor = Floor(settings.concurrency)
        self.places = self.floor.slots
        """Leases that workers of this kind may hold together, as of the last tick: a job's tail is shared by them."""
        self.manifests = Manifests(self.storage)
        self.rights = Rights(settings)
        self.intake = Intake(self.storage, settings, fetcher=Fetcher(self.storage, settings, rights=self.rights))
        self.encoder = Encoder(self.table, engine=settings.backend)
        self.condition = Condition(self.clock)
        self.thumbs = Thumbs(self.storage, settings.thumb_pixels)
        self.rendered = 0
        self._counting = threading.Lock()
        self.cold = threading.Event()
        """Models that the settings want ready before any work is claimed are still being loaded."""
        self._random = random.Random()  # noqa: S311 - spreads retries; nothing secret
        self.circuit = Circuit(self.clock, self._random.random)
        self._prepare_pool = ThreadPoolExecutor(PREPARE_THREADS, thread_name_prefix="prepare")
        self._publish_pool = ThreadPoolExecutor(PUBLISH_THREADS, thread_name_prefix="publish")
        self.preparer = Preparer(self.intake, self.backend, self.table, self.storage, self._prepare_pool)

    @property
    def offers(self) -> tuple[str, ...]:
        """What jobs may ask of this worker: models, and the backend by name."""
        models = self.settings.offers or self.backend.abilities.models
        return (*sorted(models), backend_mark(self.settings.backend))

    @property
    def loaded(self) -> tuple[str, ...]:
        """Those of `offers` that need not be loaded first; empty where nothing is loaded, or nothing need be."""
        there = self.backend.loaded
        return (*sorted(there), backend_mark(self.settings.backend)) if there else ()

    @property
    def queue(self) -> str:
        """Where tickets for workers like this one lie."""
        return render_queue(self.settings.backend, self.settings.offers)

    def note_rendered(self, count: int) -> None:
        """So many more pictures; several chunks end at once."""
        with self._counting:
            self.rendered += count

    @contextmanager
    def holding(self, held: HeldLease) -> Iterator[None]:
        """Around the work on a lease, so that it can be told to stop."""
        self._held.add(held)
        try:
            if self._leaving:
                held.stop.set()
            yield
        finally:
            self._held.discard(held)

    def leave(self) -> None:
        """Lease nothing more, begin no further variant, finish the rows in flight and give the rest back."""
        self.draining.set()
        _log.info("told to end: what is in flight is finished; told again, it leaves at once")

    def leave_lost(self) -> None:
        """The device is gone: lease nothing more, give back the rest, and end so that a supervisor starts a new one."""
        self.draining.set()
        self.leave_now(DEVICE_LOST)

    def leave_now(self, code: int = EXIT_LEFT) -> None:
        """Abort the step, give back what is in flight without blame, be gone within LEAVE_SECONDS, whatever hangs."""
        self._leaving = True
        for held in tuple(self._held):
            held.stop.set()
        timer = threading.Timer(LEAVE_SECONDS, os._exit, [code])
        timer.daemon = True
        timer.start()

    def warm_up(self) -> threading.Thread:
        """Ready the device and the settings' models, in a thread; until those are, nothing is leased.

        A model that can't be had is told in the log, and again when its first order asks for it.
        """
        if self.settings.warm:
            self.cold.set()
        thread = threading.Thread(target=self._warm, name="warm-up", daemon=True)
        thread.start()
        return thread

    def _warm(self) -> None:
        try:
            self.backend.warm()
        except PentimentoError as error:
            _log.warning("not all is warm", error=str(error), remedy=error.remedy)
        finally:
            self.cold.clear()

    def publisher(self, held: HeldLease, plan: Plan, tally: Tally) -> Publisher:
        """A publisher for one lease."""
        pace = Pace(self.settings.max_attempts, self.settings.retry_base_seconds, self._random.random)
        pool, thumbs = self._publish_pool, self.thumbs
        return Publisher(held, plan, tally, self.leasing, self.storage, self.encoder, pool, pace, thumbs, self.id)

    def verdict(self, error: PentimentoError, attempt: int) -> Again | GiveUp:
        """What to do about a fault that hit a whole chunk or duty."""
        return decide(
            error,
            attempt,
            max_attempts=self.settings.max_attempts,
            base_seconds=self.settings.retry_base_seconds,
            random=self._random.random(),
        )

    def chance(self) -> float:
        """Spread waits by this: 0..1."""
        return self._random.random()

    def store_answers(self) -> bool:
        """Whether the store of results answers a small question; that nothing lies there is an answer."""
        try:
            self.storage.head(f"{self.settings.output_uri}/answers.txt")
        except StorageUnavailable:
            return False
        return True

    def view(self) -> WorkerView:
        """This worker, as it announces itself."""
        return WorkerView(
            id=self.id,
            device=self.settings.device,
            backend=self.settings.backend,
            models=self.offers,
            slots=self.floor.slots,
            # While the store is away or models are cold no place is free: tickets would only come and go.
            busy=self.floor.busy if self.circuit.closed and not self.cold.is_set() else self.floor.slots,
            seen_at=0.0,
            rendered=self.rendered,
            device_name=self.backend.device_name,
            memory_used=_device_memory("used"),
            memory_limit=_device_memory("limit"),
            per_minute=self.condition.per_minute(self.rendered),
            trouble=self.condition.trouble,
            loading=tuple(sorted(self.backend.loading.items())),
            queue=self.queue,
        )

    def close(self) -> None:
        """Stop the device's thread and the pools."""
        self.backend.close()
        self._prepare_pool.shutdown(wait=False, cancel_futures=True)
        booths().rest()
        self._publish_pool.shutdown(wait=False, cancel_futures=True)


def _device_memory(kind: str) -> int:
    """Bytes as the device last said, 0 where there is none that says so."""
    return int(HANDS.get_sample_value("pentimento_device_memory_bytes", {"kind": kind}) or 0)


def _check_offers(offers: Collection[str], models: Collection[str]) -> None:
    """A worker that offers what it has not would wait for ever, and a misspelt model with it."""
    for name in offers:
        if name not in models:
            remedy = f"This backend has {', '.join(sorted(models))}."
            raise InvalidSpec([Problem("offers", "is no model here", name, remedy)], source="the settings")
