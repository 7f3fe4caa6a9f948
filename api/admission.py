"""What can be refused before a job is accepted, because this deployment knows already that it can't be done.

A worker checks every address again when it reads it (names resolve differently later, objects vanish); here the caller
learns at once, with the place in the spec.
"""

import itertools
import json
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

from jobs.errors import NotFound, TooLarge, UnknownModel
from jobs.ledger.book import Book
from jobs.models import ModelTable
from jobs.settings import Settings
from jobs.spec import parse_spec
from jobs.spec.images import folder_of, has_scheme, masks
from jobs.spec.model import JobSpec
from jobs.spec.patterns import Pattern
from jobs.spec.problems import Path as Place
from jobs.spec.problems import Problems
from jobs.storage import Storage
from jobs.storage.rights import Rights
from jobs.sweep import Sweep
from jobs.uris import UploadUri, Uri, WebUri, parse, parse_file, parse_s3, shown, upload_uri

# Each costs a round trip to the store while the caller waits; what is missing beyond them is found by a worker.
UPLOADS_LOOKED_AT = 200
OUR_BACKENDS = frozenset({"local", "paced"})


def aliases_of(sweep: Sweep, table: ModelTable) -> tuple[str, ...]:
    """The canonical aliases of every model of the sweep, each once.

    Raises:
        UnknownModel: one is not in the table, or a LoRA is not.

    """
    for name in sweep.loras:
        table.lora(name)
    return tuple(dict.fromkeys(table.resolve(name).alias for name in sweep.models))


def check_models(spec: JobSpec, table: ModelTable) -> None:
    """Refuse models that are not in the table, each where it is said first.

    Raises:
        InvalidSpec: all of them.

    """
    problems = Problems(source="the job spec")
    first: dict[str, Place] = {}
    for place, model in spec.said("model"):
        first.setdefault(str(model), place)
    for name, place in first.items():
        try:
            table.resolve(name)
        except UnknownModel as unknown:
            hint = str(unknown).partition("; ")[2] or unknown.remedy
            problems.add(place, "is not in the model table", value=name, remedy=hint[:1].upper() + hint[1:])
    problems.raise_any()


def check_size(sweep: Sweep, settings: Settings) -> None:
    """Refuse a job of too many variants.

    Raises:
        TooLarge: it has more than `max_variants` positions; the message says how many.

    """
    total = len(sweep)
    if total > settings.max_variants:
        message = f"the job has {total} variants, above the bound of {settings.max_variants}"
        raise TooLarge(message, remedy="Take values or images out, or split the job.")


def check_backend(spec: JobSpec, book: Book) -> None:
    """Refuse a job for a backend that nobody has heard of.

    Raises:
        InvalidSpec: it is none of ours, and no worker that was seen lately has it.

    """
    asked = spec.run.backend
    if not asked or asked in OUR_BACKENDS:
        return
    known = {worker.backend for worker in book.workers()}
    if asked not in known:
        problems = Problems(source="the job spec")
        remedy = f"Start a worker with PENTIMENTO_BACKEND={asked}; there are {', '.join(sorted(known)) or 'no workers'}"
        problems.add(("run", "backend"), "no worker has it", value=asked, remedy=remedy)
        problems.raise_any()


def seed_base(spec: JobSpec, drawn: int, manifest: Callable[[str], bytes]) -> int:
    """The base of a spec's seeds where it says none: that of the job which it extends, else `drawn`.

    manifest: a job's frozen spec as JSON.

    Raises:
        InvalidSpec: the caller has no such job to extend.

    """
    if not spec.run.extends:
        return drawn
    try:
        earlier = parse_spec(json.loads(manifest(spec.run.extends)), source=spec.run.extends)
    except NotFound:
        problems = Problems(source="the job spec")
        problems.add(("extends",), "there is no such job", value=spec.run.extends, remedy="See `pentimento jobs`")
        problems.raise_any()
        raise
    return drawn if earlier.seed.base is None else earlier.seed.base


def check_places(
    spec: JobSpec,
    *,
    caller: str,
    settings: Settings,
    storage: Storage,
    rights: Rights,
    brought: Collection[str] = (),
) -> None:
    """Refuse places that this deployment never writes to, tells or reads for this caller.

    brought: `upload://` URIs of what came along and is stored next.

    Raises:
        InvalidSpec: with the place of each.
        StorageUnavailable: uploads could not be looked for.

    """
    check_output(spec, settings)
    check_webhook(spec, caller=caller, settings=settings, rights=rights)
    check_images(spec, caller=caller, settings=settings, storage=storage, rights=rights, brought=brought)


def check_output(spec: JobSpec, settings: Settings) -> None:
    """Refuse results that should lie where this deployment does not write.

    Raises:
        InvalidSpec: `output.uri` is in another bucket, or not below the output folder.

    """
    if not spec.output.uri:
        return
    place = spec.output.uri.replace("{job}", "job")
    if settings.output_uri.startswith("s3://"):
        own = parse_s3(settings.output_uri, folder=True).bucket
        inside = place.startswith("s3://") and parse_s3(place, folder=True).bucket == own
    else:
        own = parse_file(settings.output_uri, folder=True).path
        inside = place.startswith("file://") and Path(parse_file(place, folder=True).path).is_relative_to(own)
    if not inside:
        problems = Problems(source="the job spec")
        remedy = f"Leave it out, or name a place in {own}"
        problems.add(("output", "uri"), "results are not written there", value=spec.output.uri, remedy=remedy)
        problems.raise_any()


def check_webhook(spec: JobSpec, *, caller: str, settings: Settings, rights: Rights) -> None:
    """Refuse a webhook that nobody could sign, or that would go where none are sent.

    Raises:
        InvalidSpec: this deployment has no secret; the host, port or address is not allowed.

    """
    if not spec.run.webhook:
        return
    problems = Problems(source="the job spec")
    if not settings.webhook_secret.get_secret_value():
        remedy = "Set PENTIMENTO_WEBHOOK_SECRET, or leave it out and watch the job's events"
        problems.add(("webhook",), "this deployment signs no webhooks", value=shown(spec.run.webhook), remedy=remedy)
    at = parse(spec.run.webhook)
    why, remedy = rights.why_never_told(at, caller=caller) if isinstance(at, WebUri) else ("", "")
    if why:
        problems.add(("webhook",), why, value=shown(spec.run.webhook), remedy=remedy)
    problems.raise_any()


def check_images(
    spec: JobSpec,
    *,
    caller: str,
    settings: Settings,
    storage: Storage,
    rights: Rights,
    brought: Collection[str] = (),
) -> None:
    """Refuse init images and masks that this deployment never reads, and uploads that are not there.

    Raises:
        InvalidSpec: with the place of each.
        StorageUnavailable: uploads could not be looked for.

    """
    problems = Problems(source="the job spec")
    uploads: dict[str, Place] = {}
    for place, uri, written in _pictures(spec):
        if isinstance(uri, UploadUri):
            if str(uri) not in brought:
                uploads.setdefault(uri.sha256, place)
            continue
        why, remedy = rights.why_never_read(uri, caller=caller)
        if why:
            problems.add(place, why, value=shown(written), remedy=remedy)
    for sha256, place in itertools.islice(uploads.items(), UPLOADS_LOOKED_AT):
        if storage.head(upload_uri(settings.output_uri, caller, sha256)) is None:
            problems.add(
                place,
                "this was never uploaded",
                value=f"upload://{sha256}",
                remedy="POST the picture to /v1/uploads first",
            )
    problems.raise_any()


def _pictures(spec: JobSpec) -> Iterator[tuple[Place, Uri, str]]:
    """Every place that a spec has read from: where it says so, parsed, and as written."""
    for k, image in enumerate(spec.images):
        folder = Pattern.of(image.uri).base if image.kind == "pattern" else ""
        uri = folder_of(folder) if folder else parse(image.uri)
        yield ("images", k, "table" if image.kind == "table" else "uri"), uri, image.uri
    for path, value in masks(spec):
        if isinstance(value, str) and has_scheme(value):
            yield path, parse(value), value
