"""Finishing: results.jsonl, errors.jsonl and the contact sheet, beside the pictures; each idempotent."""

import tempfile
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import orjson
import structlog

from jobs.errors import ImageNotFound, PentimentoError
from jobs.keys import errors_jsonl_uri, manifest_uri, results_jsonl_uri, sheet_uri
from jobs.state import State
from worker.crash_points import reach
from worker.duties.gallery import draw_sheet
from worker.duties.merge import Merged, merge
from worker.output.sheet import MAX_CELLS
from worker.results.records import MEDIA_TYPE, write_jobfile

if TYPE_CHECKING:
    from worker.results.manifests import Plan
    from worker.workshop import Workshop

_log = structlog.get_logger(__name__)


def finish(job: str, shop: "Workshop") -> None:
    """Write what a finished job leaves behind.

    Raises:
        PentimentoError: storage or ledger are away; the duty comes again.

    """
    view = shop.book.describe(job)
    plan = _plan(shop, view.results_uri)
    if plan is None:
        return
    if view.state is State.CANCELLED:
        write_jobfile(view, shop.storage)  # so that a recovery does not bring it back to life
    with tempfile.TemporaryDirectory(prefix="pentimento-") as folder:
        merged = merge(view, plan.sweep, shop.book, shop.storage, Path(folder))
        reach("before-results")
        shop.storage.write_file(results_jsonl_uri(view.results_uri), str(merged.results), MEDIA_TYPE)
        shop.storage.write_file(errors_jsonl_uri(view.results_uri), str(merged.errors), MEDIA_TYPE)
        reach("after-results")
        if merged.linked:
            shop.leasing.note_linked(job, count=merged.linked)
        if plan.spec.output.sheet and merged.settled:
            try:
                sheet = draw_sheet(view, plan, shop, linked=_linked(merged) if merged.linked else {})
            except PentimentoError:
                raise
            except Exception:  # noqa: BLE001 - a sheet is not worth a job
                # The pictures are there; a sheet that can't be drawn must not keep the job from being written.
                _log.exception("no contact sheet", job=job)
            else:
                path = Path(folder) / "sheet.png"
                path.write_bytes(sheet)
                shop.storage.write_file(sheet_uri(view.results_uri), str(path), "image/png")
    _log.info("finished", job=job, state=str(view.state), settled=merged.settled, refused=merged.refused)


def _linked(merged: Merged) -> dict[int, str]:
    """Where the linked pictures lie, of those that a sheet may show."""
    found: dict[int, str] = {}
    with merged.results.open("rb") as lines:
        for line in islice(lines, MAX_CELLS):
            record = orjson.loads(line)
            if "linked" in record:
                found[record["index"]] = record["key"]
    return found


def _plan(shop: "Workshop", results_uri: str) -> "Plan | None":
    try:
        return shop.manifests.plan(manifest_uri(results_uri))
    except ImageNotFound:
        return None
