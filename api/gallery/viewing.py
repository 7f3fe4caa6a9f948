"""What pages ask of a job's pictures, put together; every call asks first whether the caller has the job."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from api.gallery.detail import Detail, detail_of
from api.gallery.grid import Grid, Labels, grid_of, labels_of
from api.gallery.onward import Like, spec_like
from api.gallery.pictures import MAX_THUMB_BYTES, Links, init_uri
from api.gallery.sweeps import Sweeps
from api.results import Record, cursor_of, page
from api.why import of_variant
from jobs.errors import ImageNotFound, NotFound
from jobs.keys import init_thumb_uri, picture_uri, thumb_uri
from jobs.ledger.cells import MAX_CELLS, Cells, cells, settled_among
from jobs.ledger.insight import Standing, situation
from jobs.ledger.insight import variant as facts_of
from jobs.ledger.marks import marks_of
from jobs.ledger.views import JobView
from jobs.sweep import Sweep

if TYPE_CHECKING:
    from api.desk import Desk

MAX_PICTURE_BYTES = 256 << 20


class Viewing:
    """The gallery of one deployment. Thread-safe; keeps some sweeps and links."""

    def __init__(self, desk: "Desk") -> None:
        self.desk = desk
        self.links = Links(desk.storage, desk.settings, desk.clock)
        self._sweeps = Sweeps(desk)

    def sweep(self, job: str, *, caller: str) -> tuple[JobView, Sweep]:
        """The job and its sweep.

        Raises:
            NotFound: this caller has no such job.
            Conflict: it is not planned, and its images are not known before.

        """
        view = self.desk.get(job, caller=caller)
        return view, self._sweeps.of(view, caller=caller)

    def grid(self, job: str, *, caller: str) -> Grid:
        """The geometry of the job's sweep; raises as `sweep`."""
        return grid_of(*self.sweep(job, caller=caller))

    def labels(self, job: str, axis: str, *, start: int, limit: int, caller: str) -> Labels:
        """Further labels of one axis.

        Raises:
            NotFound: no such axis; besides those of `sweep`.

        """
        return labels_of(self.sweep(job, caller=caller)[1], axis, start=start, limit=limit)

    def cells(self, job: str, *, start: int, count: int, caller: str) -> Cells:
        """At most `count` cells from `start` on.

        Raises:
            NotFound: no such job, or no such position.
            Conflict: it is not planned, and its images are not known before.

        """
        view = self.desk.get(job, caller=caller)
        total = len(self._sweeps.of(view, caller=caller))
        stop = min(total, start + min(count, MAX_CELLS))
        holes = self._sweeps.holes(view, start, stop, caller=caller) if start < stop else ""
        return cells(self.desk.book, job, start=start, count=count, total=total, holes=holes)

    def thumbs(self, job: str, indexes: Sequence[int], *, caller: str) -> dict[int, str]:
        """For each of `indexes` that has a picture, where a browser finds its thumbnail.

        Raises:
            NotFound: this caller has no such job.

        """
        view = self.desk.get(job, caller=caller)
        there = settled_among(self.desk.book, job, indexes)
        return {index: self._thumb_link(view, index) for index in indexes if index in there}

    def inits(self, job: str, images: Sequence[int], *, caller: str) -> dict[int, str]:
        """For each init image, by its coordinate, where a browser finds its thumbnail; raises as `sweep`."""
        view, sweep = self.sweep(job, caller=caller)
        return {
            k: self.links.of(init_thumb_uri(view.results_uri, sweep.images[k].name), f"/v1/jobs/{job}/inits/{k}/thumb")
            for k in images
            if k < len(sweep.images)
        }

    def thumb(self, job: str, index: int, *, caller: str) -> bytes:
        """A variant's thumbnail, as WebP.

        Raises:
            NotFound: no such job, or no thumbnail.

        """
        view = self.desk.get(job, caller=caller)
        return self._read(thumb_uri(view.results_uri, index), f"variant {index} of {job} has no thumbnail")

    def init_thumb(self, job: str, image: int, *, caller: str) -> bytes:
        """An init image's thumbnail, as WebP.

        Raises:
            NotFound: no such job or image, or no picture was made of it yet.
            Conflict: it is not planned, and its images are not known before.

        """
        view, sweep = self.sweep(job, caller=caller)
        missing = f"init image {image} of {job} has no thumbnail"
        if image >= len(sweep.images):
            raise NotFound(missing, remedy="Take a coordinate of the grid's first axis.")
        return self._read(init_thumb_uri(view.results_uri, sweep.images[image].name), missing)

    def picture(self, job: str, index: int, *, caller: str) -> tuple[str, bytes]:
        """A variant's picture: a name to save it under, and its bytes.

        Raises:
            NotFound: no such job, variant or picture; besides those of `sweep`.

        """
        view, sweep = self.sweep(job, caller=caller)
        variant = sweep[_checked(view, sweep, index)]
        uri = picture_uri(view.results_uri, sweep.spec, variant)
        record = self._record(view, index) if sweep.spec.run.extends else None
        missing = f"variant {index} of {job} has no picture"
        data = self._read(record.key if record and record.key else uri, missing, limit=MAX_PICTURE_BYTES)
        return uri.rpartition("/")[2], data

    def init(self, job: str, index: int, *, caller: str) -> bytes:
        """The init image of a variant, as it lies in our storage.

        Raises:
            NotFound: no such job or variant, or the image does not lie in our storage; besides those of `sweep`.

        """
        view, sweep = self.sweep(job, caller=caller)
        uri = init_uri(sweep[_checked(view, sweep, index)].image, view, self.desk.settings, self.desk.rights)
        missing = f"the init image of variant {index} of {job} does not lie in this deployment's storage"
        if not uri:
            raise NotFound(missing, remedy="Its thumbnail does, at /inits.")
        return self._read(uri, missing, limit=self.desk.settings.max_image_bytes)

    def detail(self, job: str, index: int, *, caller: str) -> Detail:
        """Everything about one variant.

        Raises:
            NotFound: no such job or variant; besides those of `sweep`.

        """
        view, sweep = self.sweep(job, caller=caller)
        variant = sweep[_checked(view, sweep, index)]
        found = situation(self.desk.book, job, caller=caller)
        facts = facts_of(self.desk.book, found, index)
        why = of_variant(found, facts, self.desk.workers(), hole=sweep.is_hole(index))
        record = self._record(view, index) if facts.standing in {Standing.SETTLED, Standing.REFUSED} else None
        settled = facts.standing is Standing.SETTLED
        uri = picture_uri(view.results_uri, sweep.spec, variant)
        init = init_uri(variant.image, view, self.desk.settings, self.desk.rights)
        if init.startswith(view.results_uri) and self.desk.storage.head(init) is None:
            init = ""  # on the web, and no picture was made of it yet
        here = f"/v1/jobs/{job}/variants/{index}"
        return detail_of(
            sweep,
            variant,
            why,
            record,
            marks_of(self.desk.book, job, [index]).get(index),
            result_url=self.links.of(record.key if record and record.key else uri, f"{here}/picture")
            if settled
            else None,
            thumb_url=self._thumb_link(view, index) if settled else None,
            init_url=self.links.of(init, f"{here}/init") if init else None,
            download_name=uri.rpartition("/")[2],
        )

    def spec_like(self, job: str, index: int, like: Like, *, caller: str) -> dict[str, object]:
        """A spec for a new job that comes from one variant; see `api.gallery.onward`.

        Raises:
            NotFound: no such job or variant; besides those of `sweep`.

        """
        view, sweep = self.sweep(job, caller=caller)
        manifest = self.desk.manifest(job, caller=caller)
        return spec_like(job, manifest, sweep, _checked(view, sweep, index), like)

    def _thumb_link(self, view: JobView, index: int) -> str:
        return self.links.of(thumb_uri(view.results_uri, index), f"/v1/jobs/{view.id}/variants/{index}/thumb")

    def _record(self, view: JobView, index: int) -> Record | None:
        found = page(
            view.id,
            results_uri=view.results_uri,
            cursor=cursor_of(index),
            limit=1,
            book=self.desk.book,
            storage=self.desk.storage,
        ).records
        return found[0] if found and found[0].index == index else None

    def _read(self, uri: str, missing: str, *, limit: int = MAX_THUMB_BYTES) -> bytes:
        try:
            return self.desk.storage.read(uri, limit=limit)
        except ImageNotFound as error:
            raise NotFound(missing, remedy="It comes with the picture; older jobs have none.") from error


def _checked(view: JobView, sweep: Sweep, index: int) -> int:
    if not 0 <= index < len(sweep):
        said = f"the job {view.id} has no variant {index}: it has {len(sweep)}, counted from 0"
        raise NotFound(said, remedy="Name one of these.")
    return index
