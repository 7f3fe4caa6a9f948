"""What a grown sweep has already: its variants whose pictures the job that it extends has made.

Told before anything is asked of a worker, so by what a variant asks for (image, mask, parameters, seed) and not by its
fingerprint, which only a worker knows: where a model's revision or an engine has changed since, it renders anew.
"""

import json
from collections.abc import Iterator

from api.admission import seed_base
from api.desk import Desk
from jobs.errors import ImageNotFound
from jobs.spec import JobSpec, freeze, parse_spec
from jobs.storage.listing import stored_sweep
from jobs.sweep import Sweep
from jobs.variant import Variant

MOST = 100_000
"""Positions of either sweep that are looked at; a plan is waited for."""
_PAGE = 10_000


def seeded(spec: JobSpec, desk: Desk, *, caller: str) -> JobSpec:
    """The spec with the seeds of the job that it extends, as a submission would have them.

    Raises:
        InvalidSpec: the caller has no such job.

    """
    return freeze(spec, seed_base=seed_base(spec, 0, lambda job: desk.manifest(job, caller=caller)))


def linked(sweep: Sweep, desk: Desk, *, caller: str) -> int | None:
    """How many variants of a sweep (by `seeded`) are made already; None where that can't be told, or not soon.

    Raises:
        NotFound, StorageUnavailable, LedgerUnavailable: the other job can't be looked at.

    """
    job = sweep.spec.run.extends
    if not job or sweep.spec.open or len(sweep) > MOST:
        return None
    view = desk.get(job, caller=caller)
    spec = parse_spec(json.loads(desk.manifest(job, caller=caller)), source=job)
    try:
        earlier = stored_sweep(desk.storage, view.results_uri, spec)
    except ImageNotFound:  # it is not planned yet
        return 0
    if len(earlier) > MOST:
        return None
    made = {_asked(earlier[index]) for index in _settled(desk, job)}
    return sum(_asked(variant) in made for variant in sweep)


def _asked(variant: Variant) -> int:
    """What a variant asks for, as a number: a hundred thousand of them are no matter of memory."""
    image = variant.image
    return hash((image.uri, image.etag, variant.mask, variant.parameters))


def _settled(desk: Desk, job: str) -> Iterator[int]:
    start = 0
    while found := desk.book.outcomes_after(job, start, _PAGE):
        yield from (index for index, refused in found if not refused)
        start = found[-1][0] + 1
