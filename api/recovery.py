"""Jobs that Redis has lost, brought back from storage alone: frozen manifest + job.json + records → the ledger.

Idempotent: a job that the ledger has is left as it is. Pictures that were stored without a record are found by the
worker that gets their variants again, before it renders. What storage never knew is lost: idempotency keys, pauses,
jobs that were not planned yet.
"""

import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice

import orjson

from api.desk import Desk
from jobs.errors import Conflict, ImageNotFound, NotFound
from jobs.ids import is_job_id
from jobs.jobfile import JobFile, read_jobfile
from jobs.keys import job_uri, manifest_uri, marks_uri, records_prefix
from jobs.ledger.marks import MAX_MARKED, Mark, mark
from jobs.ledger.recovery import Lost, Outcomes, restore, restored_fields
from jobs.ledger.views import JobView, Refusal
from jobs.marksfile import MarksFile, ranges_in
from jobs.spec import parse_spec, spec_hash
from jobs.storage import Storage
from jobs.storage.listing import stored_sweep

PART_BYTES = 64 << 20
MANIFEST_BYTES = 256 << 20
READERS = 8
SECONDS = 15.0
"""After so long a round ends and names where the next begins: no call takes minutes because there are many jobs."""
_FENCE = re.compile(r"/\d{12}-(\d{8,})-\d{4,}\.jsonl$")


@dataclass(frozen=True, slots=True)
class Recovered:
    """A job, and whether it had to be brought back."""

    job: JobView
    restored: bool


@dataclass(frozen=True, slots=True)
class Round:
    """What one round found; `next_cursor` is None when everything was looked at."""

    jobs: tuple[Recovered, ...]
    skipped: tuple[str, ...]
    next_cursor: str | None


def recover_all(desk: Desk, *, cursor: str = "") -> Round:
    """Bring back every job below the output URI, from the folder after `cursor` on; the last round ends the alarm."""
    until = time.monotonic() + SECONDS
    found: list[Recovered] = []
    skipped: list[str] = []
    for folder in _folders(desk, cursor):
        try:
            found.append(recover_one(desk, folder))
        except (NotFound, Conflict) as error:
            skipped.append(f"{folder}: {error}")
        if time.monotonic() > until:
            return Round(tuple(found), tuple(skipped), folder)
    desk.instance.adopt()
    desk.tickets.light()
    return Round(tuple(found), tuple(skipped), None)


def recover_one(desk: Desk, folder: str) -> Recovered:
    """Bring back the job whose results lie in `folder`.

    Raises:
        NotFound: no planned job's folder.
        Conflict: its manifest and job.json are not those of a job.
        StorageUnavailable, LedgerUnavailable: try again; nothing is half done.

    """
    folder = folder.rstrip("/") + "/"
    try:
        about = read_jobfile(desk.storage.read(job_uri(folder), limit=1 << 20))
        text = desk.storage.read(manifest_uri(folder), limit=MANIFEST_BYTES)
    except ImageNotFound as error:
        remedy = "Name the folder that holds the job's manifest.json and job.json."
        raise NotFound(f"no job lies in {folder}", remedy=remedy) from error
    except ValueError as error:
        raise Conflict(f"{job_uri(folder)} is not a job's: {error}") from error
    lost = _lost(folder, about, text, desk.storage)
    if desk.book.pruned(lost.id):
        raise Conflict(f"{lost.id} was pruned, not lost", remedy="Submit its manifest again if it is wanted.")
    if desk.book.has(lost.id):
        return Recovered(desk.book.describe(lost.id), restored=False)
    restored = restore(desk.book, lost, _outcomes(desk, folder, lost.total))
    if restored:
        _marks(desk, lost)
    return Recovered(desk.book.describe(lost.id), restored=restored)


def _lost(folder: str, about: JobFile, text: bytes, storage: Storage) -> Lost:
    spec = parse_spec(orjson.loads(text), source=manifest_uri(folder))
    sweep = stored_sweep(storage, folder, spec)
    return Lost(
        id=about.id,
        caller=about.caller,
        name=spec.name,
        lane=about.lane,
        models=about.models,
        spec_hash=spec_hash(spec),
        results_uri=folder,
        manifest_uri=manifest_uri(folder),
        count=sweep.count,
        total=len(sweep),
        span=sweep.span,
        max_failures=spec.run.failures_allowed(sweep.count),
        created_at=about.created_at,
        ended=about.ended,
        more=restored_fields(spec.run.budget, spec.run.webhook, spec.labels),
    )


def _outcomes(desk: Desk, folder: str, total: int) -> Outcomes:
    found = Outcomes()
    parts = desk.storage.list(records_prefix(folder))
    with ThreadPoolExecutor(READERS, thread_name_prefix="recover") as pool:
        while uris := [part.uri for part in islice(parts, 8 * READERS)]:
            for uri in uris:
                if fence := _FENCE.search(uri):
                    found.fence = max(found.fence, int(fence[1]))
            for data in pool.map(lambda uri: desk.storage.read(uri, limit=PART_BYTES), uris):
                for line in data.splitlines():
                    _add(found, line, total)
    return found


def _add(found: Outcomes, line: bytes, total: int) -> None:
    record = orjson.loads(line)
    index = int(record["index"])
    if not 0 <= index < total:
        return
    if record["state"] == "settled":
        found.settled.add(index)
        found.gpu_seconds += float(record.get("seconds", 0))
    else:
        error = record["error"]
        found.add_refusal(Refusal(index, str(error["code"]), str(error["message"])))


def _marks(desk: Desk, lost: Lost) -> None:
    """What people thought of the pictures, as it was written last."""
    try:
        said = MarksFile.model_validate_json(desk.storage.read(marks_uri(lost.results_uri), limit=PART_BYTES))
    except (ImageNotFound, ValueError):
        return  # none were given, or somebody wrote the file himself: no reason to lose the job
    for which, text in ((Mark.STAR, said.star), (Mark.REJECT, said.reject)):
        indexes = (index for run in ranges_in(text) for index in run if index < lost.total)
        while some := list(islice(indexes, MAX_MARKED)):
            with suppress(Conflict):  # none of them has a picture any more
                mark(desk.book, lost.id, some, which)


def _folders(desk: Desk, cursor: str) -> Iterator[str]:
    """The folders <output>/<caller>/<job>/ after `cursor`, in order; one listing each, however much lies in them."""
    root = desk.settings.output_uri.rstrip("/") + "/"
    after = _past(cursor) if cursor else ""
    while (first := next(iter(desk.storage.list(root, start_after=after)), None)) is not None:
        parts = first.uri.removeprefix(root).split("/")
        if len(parts) > 2 and is_job_id(parts[1]):
            folder = f"{root}{parts[0]}/{parts[1]}/"
            yield folder
            after = _past(folder)
        elif len(parts) > 2:
            after = _past(f"{root}{parts[0]}/{parts[1]}/")
        else:
            after = first.uri


def _past(folder: str) -> str:
    """What sorts after everything in the folder and before everything beyond it."""
    return folder.rstrip("/") + "/~"
