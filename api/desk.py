"""What every door can ask for, with no transport in here: submit, upload, look, results, events, readiness.

Control of jobs is `Desk.control`, what happens at submitting is `api.submission`.

Everything blocks and every wait is bounded. Errors are those of `jobs.errors`; each door has its own table for them.
"""

import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

from api.control import Control
from api.gate import Gate
from api.readiness import Check, Readiness, probes
from api.results import ResultsPage, page
from api.submission import Submission, submit
from api.uploads import Upload, keep
from api.why import Why, of_job, of_variant
from jobs.broker import Tickets
from jobs.errors import NotFound
from jobs.events import Event
from jobs.ids import is_job_id
from jobs.keys import manifest_uri, sheet_uri
from jobs.ledger.book import Book
from jobs.ledger.feed import Feed
from jobs.ledger.finding import Counts, Wanted, count, find
from jobs.ledger.insight import situation, variant
from jobs.ledger.instance import Instance
from jobs.ledger.keyring import Keyring
from jobs.ledger.limits import LimitBook
from jobs.ledger.marks import Mark
from jobs.ledger.rates import Rates
from jobs.ledger.views import JobView, WorkerView
from jobs.manifest import Format, Manifest, read_manifest
from jobs.models import ModelTable
from jobs.settings import Settings
from jobs.spec import JobSpec, parse_spec
from jobs.state import State
from jobs.storage import open_storage
from jobs.storage.listing import stored_sweep
from jobs.storage.rights import Rights
from jobs.storage.routing import StorageByScheme

LINK_SECONDS = 900
_MANIFEST_BYTES = 256 << 20  # our own file; bounded because every read is
_SHEET_BYTES = 128 << 20  # some hundred thumbnails; likewise


@dataclass(frozen=True, slots=True)
class JobsPage:
    """Jobs, newest first; `next_cursor` is None on the last page."""

    jobs: tuple[JobView, ...]
    next_cursor: str | None
    counts: Counts


@dataclass(frozen=True, slots=True, eq=False)
class Desk:
    """One deployment's desk; thread-safe. clock: Unix seconds. entropy: n → n random bytes."""

    book: Book
    feed: Feed
    tickets: Tickets
    storage: StorageByScheme
    table: ModelTable
    settings: Settings
    clock: Callable[[], float]
    entropy: Callable[[int], bytes]
    instance: Instance
    ready: Readiness
    control: Control
    rights: Rights
    gate: Gate
    rates: Rates
    limits: LimitBook

    @classmethod
    def open(cls, settings: Settings) -> Self:
        """The desk of the deployment that the settings name; connects when something is asked.

        Raises:
            InvalidSpec: the model table or the grants file can't be read.

        """
        book, storage = Book.open(settings), open_storage(settings)
        instance = Instance(book, storage, settings.output_uri)
        book.when_missing = instance.require
        tickets, limits = Tickets(settings), LimitBook(book, settings, time.monotonic)
        rates = Rates(book, settings, limits)
        return cls(
            book=book,
            feed=Feed.open(settings),
            tickets=tickets,
            storage=storage,
            table=ModelTable.load(settings.models_file),
            settings=settings,
            clock=time.time,
            entropy=os.urandom,
            instance=instance,
            ready=Readiness(probes(book, storage, instance, settings), time.monotonic),
            control=Control(book, tickets),
            rights=Rights(settings),
            gate=Gate(settings, Keyring(book), rates, time.time, os.urandom),
            rates=rates,
            limits=limits,
        )

    def submit_text(self, text: bytes, *, form: Format, caller: str, idempotency_key: str | None) -> Submission:
        """Submit a manifest as it was written, with the pictures that it carries in itself; errors name its lines.

        Raises:
            InvalidSpec: every problem at once; besides those of `submit`.

        """
        manifest = self.read(text, form=form)
        return submit(self, manifest.spec, caller=caller, idempotency_key=idempotency_key, brought=manifest.pictures)

    def read(self, text: bytes, *, form: Format) -> Manifest:
        """A manifest, not submitted; pictures within it are bounded as this deployment says.

        Raises:
            InvalidSpec: every problem at once.

        """
        return read_manifest(text, source="the job spec", format=form, picture_bytes=self.settings.max_data_bytes)

    def submit(self, spec: JobSpec, *, caller: str, idempotency_key: str | None) -> Submission:
        """Make a job durable; workers begin at once. The same key and body give the same job again.

        Raises:
            InvalidSpec: images that this deployment does not read, local paths, uploads that are not there.
            UnknownModel, TooLarge: a model that is not in the table, more variants than the bound.
            Conflict: the idempotency key was used with another body.
            LedgerUnavailable, StorageUnavailable: nothing was accepted, or the same key tells.

        """
        return submit(self, spec, caller=caller, idempotency_key=idempotency_key)

    def upload(self, data: bytes, *, caller: str) -> Upload:
        """Store an init image by its content.

        Raises:
            BadImage, TooLarge: surely no picture, or above `max_image_bytes`.
            QuotaExceeded: as much as the caller may upload a day.

        """
        self.rates.upload(caller, len(data))
        limit = self.settings.max_image_bytes
        return keep(data, caller=caller, storage=self.storage, output_uri=self.settings.output_uri, limit=limit)

    def get(self, job: str, *, caller: str) -> JobView:
        """A job as it stands.

        Raises:
            NotFound: this caller has no such job.

        """
        return self.book.describe(job, caller=caller)

    def list(
        self,
        *,
        caller: str | None,
        state: State | None,
        cursor: str,
        limit: int,
        text: str = "",
        labels: tuple[str, ...] = (),
    ) -> JobsPage:
        """The caller's jobs (None: everybody's), newest first, after the page whose `next_cursor` is `cursor`.

        Raises:
            NotFound: a cursor that is no job of this caller.

        """
        if cursor and not is_job_id(cursor):
            raise NotFound(f"cursor={ascii(cursor)[:80]} is not from a page of jobs", remedy="Begin without one.")
        wanted = Wanted(caller, state, text, labels)
        found = find(self.book, wanted, before=cursor, limit=limit + 1)
        if not found:
            self.instance.require()  # an empty list must not hide that everything was lost
        shown = tuple(self.book.describe(job, caller=caller) for job in found[:limit])
        return JobsPage(shown, found[limit - 1] if len(found) > limit else None, count(self.book, wanted))

    def manifest(self, job: str, *, caller: str) -> bytes:
        """The frozen job spec as canonical JSON.

        Raises:
            NotFound: this caller has no such job.

        """
        view = self.get(job, caller=caller)
        return self.book.spec(job) or self.storage.read(manifest_uri(view.results_uri), limit=_MANIFEST_BYTES)

    def why(self, job: str, index: int | None, *, caller: str) -> Why:
        """Why the job, or one variant of it, waits or failed.

        Raises:
            NotFound: this caller has no such job, or the job no such variant.

        """
        found, workers = situation(self.book, job, caller=caller), self.workers()
        if index is None:
            return of_job(found, workers)
        facts = variant(self.book, found, index)
        spec = parse_spec(json.loads(self.manifest(job, caller=caller)), source=job)
        sweep = stored_sweep(self.storage, found.view.results_uri, spec)
        return of_variant(found, facts, workers, hole=sweep.is_hole(index))

    def results(self, job: str, *, caller: str, cursor: str, limit: int, mark: Mark | None = None) -> ResultsPage:
        """Outcomes in the order of their indexes; see `api.results.page`."""
        uri = self.get(job, caller=caller).results_uri
        book, storage = self.book, self.storage
        return page(job, results_uri=uri, cursor=cursor, limit=limit, book=book, storage=storage, mark=mark)

    def sheet(self, job: str, *, caller: str) -> str:
        """A link to the job's contact sheet, good for 15 minutes.

        Raises:
            NotFound: no such job, or it has no sheet (yet).

        """
        return self.storage.link(self._sheet(job, caller), ttl_seconds=LINK_SECONDS)

    def sheet_bytes(self, job: str, *, caller: str) -> bytes:
        """The contact sheet itself, a PNG.

        Raises:
            NotFound: as for `sheet`.

        """
        return self.storage.read(self._sheet(job, caller), limit=_SHEET_BYTES)

    def _sheet(self, job: str, caller: str) -> str:
        view = self.get(job, caller=caller)
        uri = sheet_uri(view.results_uri)
        if not view.written or self.storage.head(uri) is None:
            remedy = "It is written when the job is finished, unless its spec says `sheet: false`."
            raise NotFound(f"the job {job} has no contact sheet", remedy=remedy)
        return uri

    def events(self, job: str, *, after: str, limit: int) -> tuple[Event, ...]:
        """What happened after the event `after`, at most `limit`; ask `get` first whether the caller has the job."""
        return self.feed.read(job, after=after, limit=limit)

    def over(self, job: str) -> bool:
        """Whether nothing more will happen to the job unless somebody asks for it."""
        view = self.book.describe(job)
        return view.state.terminal and view.written

    def workers(self) -> tuple[WorkerView, ...]:
        """The workers that were seen lately."""
        return self.book.workers()

    def readiness(self) -> tuple[Check, ...]:
        """Whether jobs can be accepted now; answers may be two seconds old."""
        return self.ready.checks()
