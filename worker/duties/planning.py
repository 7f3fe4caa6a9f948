"""Planning: what was asked for becomes a frozen manifest in storage, before the first variant may be leased."""

from typing import TYPE_CHECKING

import orjson
import structlog

from jobs.keys import manifest_uri
from jobs.ledger.keyspace import MIN_CHUNK
from jobs.spec import RunSpec, parse_spec
from jobs.state import State
from jobs.sweep import Sweep
from worker.crash_points import reach
from worker.duties.freezing import freeze_images
from worker.results.earlier import note_earlier
from worker.results.records import write_jobfile

if TYPE_CHECKING:
    from worker.workshop import Workshop

_log = structlog.get_logger(__name__)


def plan(job: str, shop: "Workshop") -> None:
    """Freeze the job and make it leasable; does nothing for a job that is planned already.

    Raises:
        PentimentoError: storage or ledger are away, or the spec cannot be planned.

    """
    text = shop.book.spec(job)
    if text is None:
        return
    view = shop.book.describe(job)
    spec = parse_spec(orjson.loads(text), source=job)
    sweep = freeze_images(view, spec, shop) if spec.open else Sweep(spec)
    write_jobfile(view, shop.storage)
    uri = manifest_uri(view.results_uri)
    if spec.run.extends:
        note_earlier(shop.storage, view.results_uri, shop.book.describe(spec.run.extends, caller=view.caller))
    reach("before-plan")
    shop.storage.write(uri, text, "application/json", if_absent=False)
    reach("after-plan")
    reach("before-ready")
    failures = spec.run.failures_allowed(sweep.count)
    counts = {"count": sweep.count, "total": len(sweep), "span": sweep.span}
    hold = _hold(spec.run, sweep.count)
    state = shop.leasing.ready(job, **counts, manifest_uri=uri, max_failures=failures, hold=hold)
    reach("after-ready")
    _log.info("planned", job=job, count=sweep.count)
    if state not in {State.QUEUED, State.RUNNING}:
        return
    # Now rather than at the next tick: a small job should start at once, and a large one everywhere.
    shop.tickets.render(shop.queue, min(shop.places, -(-sweep.count // MIN_CHUNK)))


def _hold(run: RunSpec, count: int) -> str:
    """Why the job waits for somebody who says that so many pictures are meant; empty where it does not."""
    if run.confirm_above is None or count <= run.confirm_above:
        return ""
    return f"it comes to {count:,} pictures, more than the {run.confirm_above:,} that may begin unasked: resume it"
