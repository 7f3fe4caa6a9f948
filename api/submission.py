"""A job spec becomes a durable job: everything that can be known at the door is checked before it is accepted."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from api.admission import aliases_of, check_backend, check_places, check_size, seed_base
from jobs.ids import new_job_id
from jobs.keys import results_uri
from jobs.ledger.views import JobView, backend_mark
from jobs.manifest.inline import NO_PICTURES
from jobs.presets import load_presets
from jobs.spec import JobSpec, canonical_json, freeze, require_uris, spec_hash, with_defaults, with_presets
from jobs.sweep import Sweep

if TYPE_CHECKING:
    from api.desk import Desk


@dataclass(frozen=True, slots=True)
class Submission:
    """A job, and whether this submission made it; False where its idempotency key was known already."""

    job: JobView
    created: bool


def submit(
    desk: "Desk",
    spec: JobSpec,
    *,
    caller: str,
    idempotency_key: str | None,
    brought: Mapping[str, bytes] = NO_PICTURES,
) -> Submission:
    """Make a job durable; see `Desk.submit`, which says what is raised.

    brought: pictures that came along, by the `upload://` URIs that the spec has of them; stored once all else is good.
    """
    desk.instance.require()  # a key that a lost ledger knew must not make the same job twice
    require_uris(spec)
    suited = with_defaults(spec, desk.table.suits)
    sweep = Sweep(suited, () if spec.open else None)  # what planning lists, planning counts
    check_size(sweep, desk.settings)
    models = aliases_of(sweep, desk.table)
    check_backend(spec, desk.book)
    check_places(spec, caller=caller, settings=desk.settings, storage=desk.storage, rights=desk.rights, brought=brought)
    for picture in brought.values():
        desk.upload(picture, caller=caller)
    drawn = int.from_bytes(desk.entropy(4), "big")
    styled = with_presets(suited, load_presets(desk.settings.presets_file))
    frozen = freeze(styled, seed_base=seed_base(spec, drawn, lambda earlier: desk.manifest(earlier, caller=caller)))
    job = new_job_id(int(desk.clock() * 1000), desk.entropy(10))
    accepted = desk.book.accept(
        job=job,
        caller=caller,
        lane=spec.run.priority,
        name=spec.name,
        spec=canonical_json(frozen),
        spec_hash=spec_hash(frozen),
        count=sweep.count,
        total=len(sweep),
        models=models + ((backend_mark(spec.run.backend),) if spec.run.backend else ()),
        results_uri=results_uri(desk.settings.output_uri, spec.output.uri, caller=caller, job=job),
        max_failures=spec.run.failures_allowed(sweep.count),
        idempotency_key=idempotency_key,
        budget=spec.run.budget,
        webhook=spec.run.webhook,
        labels=spec.labels,
        quota=desk.limits.bounds(caller).quota,
        body_hash=hashlib.sha256(canonical_json(spec)).hexdigest(),
    )
    desk.tickets.light()
    return Submission(desk.get(accepted.job, caller=caller), accepted.created)
