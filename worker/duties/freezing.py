"""An open job's images, listed once and frozen: pages in storage, and a sweep that reads them as it needs them."""

import hashlib
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from jobs.errors import TooLarge
from jobs.keys import listing_uri
from jobs.ledger.views import JobView
from jobs.spec.holes import TooIntricate
from jobs.spec.model import ImageSpec, JobSpec
from jobs.storage.listing import Index, stored_sweep, write_pages
from jobs.sweep import Sweep
from worker.duties.reading import Reading
from worker.duties.sources import Names, Sources

if TYPE_CHECKING:
    from worker.workshop import Workshop

_log = structlog.get_logger(__name__)


def freeze_images(view: JobView, spec: JobSpec, shop: "Workshop") -> Sweep:
    """List what `images` stands for, and store the listing; the sweep over it.

    Raises:
        TooLarge: more variants than the bound; the message says how many there are.
        InvalidSpec: nothing was found, or rows that can't be read, or every variant is excluded.
        PentimentoError: a place can't be read, now or ever.

    """
    # A second worker that plans the same job, because this one was slow, writes its pages elsewhere.
    attempt = hashlib.sha256(shop.id.encode()).hexdigest()[:8]
    with tempfile.TemporaryDirectory(prefix="pentimento-") as folder:
        names = Names(Path(folder))
        try:
            models = frozenset(Sweep(spec, ()).models)
            sources = Sources(spec, shop.storage, Reading(shop.intake, view.caller), names, models)
            tally = _Tally(spec, shop.settings.max_variants)
            count = write_pages(shop.storage, view.results_uri, attempt, tally.counted(sources.images()))
        finally:
            names.close()
    if tally.positions > shop.settings.max_variants:
        message = f"the job has {tally.positions} variants, above the bound of {shop.settings.max_variants}"
        raise TooLarge(message, remedy="Take values or images out, or split the job.")
    index = Index(attempt, count, tally.variants, tally.bare, sources.passed_over, tuple(sources.tables))
    shop.storage.write(listing_uri(view.results_uri), index.text(), "application/json", if_absent=False)
    _log.info("listed", job=view.id, images=count, passed_over=sources.passed_over)
    return stored_sweep(shop.storage, view.results_uri, spec)


class _Tally:
    """Counts while images pass; above the bound they are counted and no longer passed on."""

    def __init__(self, spec: JobSpec, most: int) -> None:
        self._sweep = Sweep(spec, (), bare=False)
        self._most = most
        self.positions = 0
        self.variants = 0
        self.bare = True

    def counted(self, images: Iterator[ImageSpec]) -> Iterator[ImageSpec]:
        """The same images.

        Raises:
            TooLarge: the patterns of `exclude` overlap in too many ways to be counted.

        """
        for image in images:
            self.positions += self._sweep.span
            if self.positions > self._most:
                continue
            try:
                self.variants += self._sweep.variants_of(image)
            except TooIntricate as error:
                raise TooLarge(str(error), remedy="Use fewer patterns, or split the job.") from error
            self.bare = self.bare and not image.settings
            yield image
