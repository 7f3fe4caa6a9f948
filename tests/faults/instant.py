"""A worker whose pictures take no time and have no bytes: what is left is the control plane, at any size.

It plans, leases, derives each variant, writes records, beats, settles, refuses, releases and finishes with the worker's
own parts; only rendering, encoding and the picture's upload are left out.
"""

import time
from multiprocessing.process import BaseProcess

from jobs.ledger.leasing import Beat
from jobs.ledger.views import GiveBack, Lease
from jobs.settings import Settings
from jobs.telemetry.logs import configure
from tests.faults.forks import fork

CHUNK = 512


def begin(settings: Settings, job: str, *, refuse_each: int) -> BaseProcess:
    """Start one; it ends when the job's results are written. Refuses each so many-th variant, 0 for none."""
    return fork(_work, settings, job, refuse_each)


def _work(settings: Settings, job: str, refuse_each: int) -> None:
    from worker import ticket  # noqa: PLC0415 - only the fork needs it
    from worker.workshop import Workshop  # noqa: PLC0415

    configure(settings)  # stdout is the drill's tally
    shop = Workshop(settings)
    while not (view := shop.book.describe(job)).written:
        ticket.light(shop)
        shop.leasing.reap()
        lease = shop.leasing.lease(
            "instant",
            models=sorted(shop.backend.abilities.models),
            lease_seconds=settings.lease_seconds,
            slots=1,
            first_chunk=CHUNK,
            urgent_only=False,
            alone_allowed=True,
        )
        if isinstance(lease, Lease):
            _chunk(lease, shop, settings, refuse_each)
        elif not view.state.terminal:
            time.sleep(0.05)


def _chunk(lease: Lease, shop: object, settings: Settings, refuse_each: int) -> None:
    from worker.chunk.publish import FLUSH_COUNT  # noqa: PLC0415
    from worker.chunk.run import open_ranges  # noqa: PLC0415
    from worker.chunk.tally import Tally  # noqa: PLC0415
    from worker.results.records import RecordParts, settled_record  # noqa: PLC0415
    from worker.workshop import Workshop  # noqa: PLC0415

    assert isinstance(shop, Workshop)
    plan, parts = shop.manifests.plan(lease.manifest_uri), RecordParts(shop.storage, lease, worker=shop.id)
    tally = Tally(done=set(lease.closed))
    wanted = [index for index in range(lease.start, lease.stop) if index not in lease.closed]
    for indexes in (wanted[at : at + FLUSH_COUNT] for at in range(0, len(wanted), FLUSH_COUNT)):
        said = shop.leasing.beat(
            lease, in_flight=indexes[:4], lease_seconds=settings.lease_seconds, max_age_seconds=3600
        )
        if said is not Beat.GO:
            break
        good = [index for index in indexes if not refuse_each or index % refuse_each]
        records = [
            settled_record(
                plan.sweep[index],
                key=f"{lease.results_uri}pictures/{index:06d}.png",
                sha256="0" * 64,
                size=1,
                width=64,
                height=64,
                image_sha256="0" * 64,
                fingerprint="0" * 64,
                seconds=0.1,
            )
            for index in good
        ]
        parts.write(records)
        shop.leasing.settle(lease, good, seconds=0.1 * len(good))
        for index in set(indexes) - set(good):
            shop.leasing.refuse(lease, index, code="bad_image", message=f"image {index} could not be decoded: broken")
        tally.done.update(indexes)
    gives = [(GiveBack(a, z), "", "") for a, z in open_ranges(lease, tally)]
    shop.leasing.release(lease, gives, chunk=CHUNK)
