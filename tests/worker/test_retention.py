"""With a retention finished jobs leave the ledger by themselves, once an hour."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from jobs.errors import NotFound
from jobs.ids import new_job_id
from jobs.settings import Settings
from jobs.state import Lane
from worker import ticket
from worker.upkeep.forgetting import retire
from worker.workshop import Workshop


@pytest.fixture
def shop(redis_url: str, tmp_path: Path) -> Iterator[Workshop]:
    made = Workshop(
        Settings(redis_url=SecretStr(redis_url), output_uri=f"file://{tmp_path}", backend="paced", retention_days=2)
    )
    yield made
    made.close()


def over(shop: Workshop, number: int, *, days_ago: float) -> str:
    job = new_job_id(number, bytes(10))
    shop.book.accept(
        job=job, caller="ann", lane=Lane.NORMAL, name="", spec=b"{}", spec_hash="", count=1, total=1, models=["tiny"],
        results_uri=f"{shop.settings.output_uri}/ann/{job}/", max_failures=None, idempotency_key=None, body_hash="",
    )  # fmt: skip
    shop.book.cancel(job, caller="ann")
    ticket.light(shop)
    shop.book.redis.hincrbyfloat(f"pm:job:{job}", "finished", -days_ago * 86_400)
    return job


def test_jobs_older_than_the_retention_leave_and_younger_ones_stay(shop: Workshop) -> None:
    old, young = over(shop, 1, days_ago=3), over(shop, 2, days_ago=1)

    gone = [retire(shop), retire(shop)]

    assert gone == [1, 0]
    with pytest.raises(NotFound, match="was pruned"):
        shop.book.describe(old)
    assert shop.book.describe(young).id == young


def test_without_a_retention_everything_stays(shop: Workshop) -> None:
    job = over(shop, 1, days_ago=5000)
    shop.settings = shop.settings.model_copy(update={"retention_days": 0})

    assert retire(shop) == 0
    assert shop.book.describe(job).id == job
