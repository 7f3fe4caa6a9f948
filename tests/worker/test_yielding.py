"""A background chunk in mid-work makes way for urgent work: what is in flight is finished, the rest is given back."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from pydantic import SecretStr

from jobs.ids import new_job_id
from jobs.ledger.views import Lease
from jobs.settings import Settings
from jobs.spec import canonical_json, freeze, parse_spec
from jobs.state import Lane
from jobs.sweep import Sweep
from worker import ticket
from worker.chunk.run import run_chunk
from worker.workshop import Workshop


@pytest.fixture
def shop(redis_url: str, tmp_path: Path) -> Iterator[Workshop]:
    """A worker without a process, with a picture to repaint."""
    Image.new("RGB", (64, 64), "teal").save(tmp_path / "boat.png")
    made = Workshop(
        Settings(
            redis_url=SecretStr(redis_url),
            output_uri=f"file://{tmp_path}/out",
            input_roots=(tmp_path,),
            backend="paced",
            paced_seconds=0.02,
        )
    )
    made.leasing.announce(made.view())
    yield made
    made.close()


def planned(shop: Workshop, tmp_path: Path, lane: Lane, *, samples: int) -> str:
    """A job of so many variants that may be leased."""
    said = {"images": [f"file://{tmp_path}/boat.png"], "model": "tiny", "prompt": "a boat", "samples": samples}
    spec = freeze(parse_spec(said), seed_base=1)
    sweep, job = Sweep(spec), new_job_id(samples, bytes(10))
    shop.book.accept(
        job=job, caller=str(lane), lane=lane, name="", spec=canonical_json(spec), spec_hash="", count=sweep.count,
        total=len(sweep), models=["tiny"], results_uri=f"{shop.settings.output_uri}/ann/{job}/", max_failures=None,
        idempotency_key=None, body_hash="",
    )  # fmt: skip
    ticket.light(shop)
    return job


def take(shop: Workshop, *, first_chunk: int) -> Lease:
    lease = shop.leasing.lease(
        shop.id, models=["tiny"], lease_seconds=5, slots=1, first_chunk=first_chunk, urgent_only=False,
        alone_allowed=True,
    )  # fmt: skip
    assert isinstance(lease, Lease)
    return lease


def test_a_background_chunk_gives_its_tail_back_when_urgent_work_waits(shop: Workshop, tmp_path: Path) -> None:
    background = planned(shop, tmp_path, Lane.BACKGROUND, samples=500)
    lease = take(shop, first_chunk=500)
    chunk = threading.Thread(target=run_chunk, args=(lease, shop))
    chunk.start()

    urgent = planned(shop, tmp_path, Lane.URGENT, samples=1)
    chunk.join(timeout=60)
    view = shop.book.describe(background)

    assert not chunk.is_alive()
    assert 0 < view.settled < 500
    assert (view.leased, view.waiting, view.refused) == (0, 500 - view.settled, 0)
    assert take(shop, first_chunk=8).job == urgent
    assert take(shop, first_chunk=8).start == view.settled
