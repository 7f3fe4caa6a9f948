"""Where everything of a job lies: deterministic keys, so that a crash and a repeat meet at the same object.

Below the results URI: `pictures/…`, `thumbs/…`, `inits/…`, `records/…`, `manifest.json`, `job.json`,
`marks.json`, `results.jsonl`, `errors.jsonl`, `sheet.png`. No key is a prefix of another, every key has an extension,
and no text of a user's reaches a key unslugged.
"""

import re
from collections.abc import Mapping
from functools import lru_cache

from jobs.ids import is_job_id
from jobs.spec.fields import FIELDS
from jobs.spec.images import slug
from jobs.spec.model import Format, JobSpec
from jobs.spec.names import MAX_SEGMENT, segments
from jobs.template import Template, spell
from jobs.uris import caller_uri
from jobs.variant import Variant


def results_uri(output_uri: str, spec_output_uri: str | None, *, caller: str, job: str) -> str:
    """The folder of a job's results, ending in "/".

    Below `output_uri` (the deployment's), or where the spec names its own place there: `<bucket>/<caller>/…`. The job's
    id stands where that says `{job}`, else at the end: two jobs never share a folder.

    Raises:
        ForbiddenUri: a caller's name that is not fit to be part of a key.
        ValueError: not a job id, or an output URI that is neither s3:// nor file://.

    """
    if not is_job_id(job):
        raise ValueError(f"{job[:40]!r} is no job id")
    if not spec_output_uri:
        return f"{caller_uri(output_uri, caller)}{job}/"
    place = spec_output_uri.rstrip("/")
    if "{job}" not in place:
        place += "/{job}"
    if place.startswith("s3://"):
        bucket, _, rest = place.removeprefix("s3://").partition("/")
        return f"{caller_uri(f's3://{bucket}', caller)}{rest.replace('{job}', job)}/"
    if not place.startswith("file:///"):
        raise ValueError(f"results go to s3:// or file://, not to {place[:40]!r}")
    folders = place.split("/")
    first = next(k for k, folder in enumerate(folders) if "{job}" in folder)
    above = caller_uri("/".join(folders[:first]), caller)
    return f"{above}{'/'.join(folders[first:]).replace('{job}', job)}/"


def picture_uri(results_uri: str, spec: JobSpec, variant: Variant) -> str:
    """Where a variant's picture lies: `pictures/` and the spec's name template, filled.

    The position is zero-padded to 6 digits; where the template has no `{index}` that can be read back, `-{index}` is
    added at its end (see `jobs.spec.names`), so no two pictures of a job share a key.
    """
    name = "/".join(_segment(part, variant) for part in _parts(spec.output.name))
    return f"{results_uri}pictures/{name}.{EXTENSIONS[spec.output.format]}"


EXTENSIONS: Mapping[Format, str] = {"png": "png", "webp": "webp", "jpeg": "jpg"}
_DOTS = re.compile(r"\.{2,}")
_parts = lru_cache(maxsize=256)(segments)


def _segment(part: Template, variant: Variant) -> str:
    literals = sum(map(len, part.literals))
    room = (MAX_SEGMENT - literals) // max(1, len(part.names))
    filled = {name: slug(_said(name, variant), limit=room) or "none" for name in part.names}
    return _DOTS.sub(".", part.fill(filled)).strip(".") or "none"


def _said(name: str, variant: Variant) -> str:
    """What a field of the name template stands for, before it is made safe."""
    if name == "index":
        return f"{variant.index:06d}"
    if name == "image":
        return variant.image.name
    if name == "sample":
        return str(variant.sample)
    if name in variant.coordinates and name not in FIELDS:
        return spell(variant.coordinates[name])
    if name in FIELDS:
        value = getattr(variant.parameters, name)
        return "" if value is None else spell(value)
    return spell(variant.variables[name]) if name in variant.variables else ""


def thumb_uri(results_uri: str, index: int) -> str:
    """Where a variant's thumbnail lies: by its index alone, so that whoever lists many needs no manifest."""
    return f"{results_uri}thumbs/{index:012d}.webp"


def init_thumb_uri(results_uri: str, name: str) -> str:
    """Where the thumbnail of an init image lies. name: as `InitImage.name`, which is fit to be part of a key."""
    return f"{results_uri}thumbs/init/{name}.webp"


def init_copy_uri(results_uri: str, name: str) -> str:
    """Where a copy of an init image lies that came from the web, as it was fitted: pages fetch from nowhere else."""
    return f"{results_uri}inits/{name}.webp"


def record_uri(results_uri: str, *, chunk_start: int, fence: int, part: int) -> str:
    """A part file of records: some variants of one lease, written before the settle that covers them."""
    return f"{results_uri}records/{chunk_start:012d}-{fence:08d}-{part:04d}.jsonl"


def records_prefix(results_uri: str) -> str:
    """What all part files of a job start with."""
    return f"{results_uri}records/"


def manifest_uri(results_uri: str) -> str:
    """The frozen manifest: canonical JSON."""
    return f"{results_uri}manifest.json"


def job_uri(results_uri: str) -> str:
    """Whose job it is, beside the manifest; see `jobs.jobfile`."""
    return f"{results_uri}job.json"


def results_jsonl_uri(results_uri: str) -> str:
    """The merged records of settled variants, one line each."""
    return f"{results_uri}results.jsonl"


def errors_jsonl_uri(results_uri: str) -> str:
    """The merged records of refused variants, one line each."""
    return f"{results_uri}errors.jsonl"


def sheet_uri(results_uri: str) -> str:
    """The contact sheet."""
    return f"{results_uri}sheet.png"


def marks_uri(results_uri: str) -> str:
    """Which pictures are starred or rejected."""
    return f"{results_uri}marks.json"


def listing_uri(results_uri: str) -> str:
    """What planning listed: how many images and variants there are, and where the pages of the listing lie."""
    return f"{results_uri}images.json"


def extended_uri(results_uri: str) -> str:
    """Where the results of the job lie that this one extends."""
    return f"{results_uri}extends.json"


def listing_page_uri(results_uri: str, folder: str, page: int) -> str:
    """A page of the listing. folder: one for each attempt at planning, so that two never mix."""
    return f"{results_uri}images/{folder}/{page:06d}.jsonl"
