"""One JSON line a variant, in part files: the lasting account of what was made, written before the ledger counts it."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from functools import lru_cache
from typing import Any

import orjson

from jobs.errors import PentimentoError
from jobs.jobfile import JobFile
from jobs.keys import job_uri, record_uri
from jobs.ledger.views import JobView, Lease
from jobs.loras import written
from jobs.state import State
from jobs.storage import Storage
from jobs.telemetry.redaction import redact
from jobs.variant import Variant
from worker.backends import Rung

MEDIA_TYPE = "application/x-ndjson"
_shown = lru_cache(maxsize=1024)(redact)  # an image has many variants, one after the other


def _about(variant: Variant) -> dict[str, Any]:
    wanted = variant.parameters
    custom_id = {"custom_id": variant.image.custom_id} if variant.image.custom_id else {}
    mask = {"mask": variant.mask, "mask_feather": wanted.mask_feather} if variant.mask else {}
    return custom_id | {
        "index": variant.index,
        "image": {"uri": _shown(variant.image.uri), "name": variant.image.name},
        "coordinates": dict(variant.coordinates),
        "sample": variant.sample,
        "seed": wanted.seed,
        "parameters": {
            "model": wanted.model,
            "prompt": wanted.prompt,
            "negative_prompt": wanted.negative_prompt,
            "strength": wanted.strength,
            "steps": wanted.steps,
            "cfg_scale": wanted.cfg_scale,
            "sampler": wanted.sampler,
            "step_schedule_end": wanted.step_schedule_end,
            "clip_skip": wanted.clip_skip,
            "loras": written(wanted.loras),
        }
        | mask,
    }


def settled_record(  # noqa: PLR0913 - one line, all of it
    variant: Variant,
    *,
    key: str,
    sha256: str,
    size: int,
    width: int,
    height: int,
    image_sha256: str,
    fingerprint: str,
    seconds: float,
    linked: str = "",
    rung: Rung | None = None,
) -> dict[str, Any]:
    """The record of a stored picture. seconds: device time, 0 where it was found stored. linked: whose it is.

    rung: of rows that it was made with, where memory was too short for the pinned ones.
    """
    special: dict[str, Any] = {"linked": linked} if linked else {}
    special |= {"rung": asdict(rung)} if rung else {}
    return (
        _about(variant)
        | special
        | {
            "state": "settled",
            "key": key,
            "sha256": sha256,
            "size": size,
            "width": width,
            "height": height,
            "init_sha256": image_sha256,
            "fingerprint": fingerprint,
            "seconds": round(seconds, 4),
        }
    )


def refused_record(variant: Variant, error: PentimentoError, *, reason: str) -> dict[str, Any]:
    """The record of a variant that has no picture."""
    said = {"code": error.code, "blame": error.blame, "message": reason, "remedy": error.remedy}
    return _about(variant) | {"state": "refused", "error": said}


class RecordParts:
    """The part files of one lease, numbered; the names order them by the chunk's start, so that pages find them."""

    def __init__(
        self, storage: Storage, lease: Lease, *, worker: str = "", now: Callable[[], float] = time.time
    ) -> None:
        """Each record says which worker wrote it and when, where that is named. now: Unix seconds."""
        self._storage = storage
        self._lease = lease
        self._worker = worker
        self._now = now
        self._part = 0

    def write(self, records: Sequence[Mapping[str, Any]]) -> str:
        """Store one part file; returns its URI."""
        lease = self._lease
        uri = record_uri(lease.results_uri, chunk_start=lease.start, fence=lease.fence, part=self._part)
        if self._worker:
            by = {"worker": self._worker, "settled_at": round(self._now(), 3)}
            records = [{**record, **by} for record in records]
        lines = b"".join(orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE) for record in records)
        self._storage.write(uri, lines, MEDIA_TYPE, if_absent=False)
        self._part += 1
        return uri


def write_jobfile(view: JobView, storage: Storage) -> None:
    """Store whose job it is, so that storage alone can bring it back; again where that has changed."""
    about = JobFile(
        id=view.id,
        caller=view.caller,
        lane=view.lane,
        models=view.models,
        created_at=view.created_at,
        ended="cancelled" if view.state is State.CANCELLED else "",
    )
    storage.write(job_uri(view.results_uri), about.written(), "application/json", if_absent=False)
