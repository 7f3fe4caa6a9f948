"""A job that a call waited for ends when nobody waits any more, also where the door that had the call is gone."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from jobs.ids import new_job_id
from jobs.ledger.waits import Waits
from jobs.settings import Settings
from jobs.state import Lane, State
from worker.upkeep.forgetting import abandon
from worker.workshop import Workshop


@pytest.fixture
def shop(redis_url: str, tmp_path: Path) -> Iterator[Workshop]:
    made = Workshop(Settings(redis_url=SecretStr(redis_url), output_uri=f"file://{tmp_path}", backend="paced"))
    yield made
    made.close()


def waited_for(shop: Workshop, number: int, *, seconds: float, key: str = "") -> str:
    job = new_job_id(number, bytes(10))
    shop.book.accept(
        job=job, caller="ann", lane=Lane.URGENT, name="", spec=b"{}", spec_hash="", count=1, total=1, models=["tiny"],
        results_uri=f"{shop.settings.output_uri}/ann/{job}/", max_failures=None, idempotency_key=None, body_hash="",
    )  # fmt: skip
    Waits(shop.book).hold({job: [key] if key else []}, seconds=seconds)
    return job


def passes(shop: Workshop, *jobs: str) -> None:
    """The time of these has passed."""
    shop.book.redis.zadd("pm:waited", dict.fromkeys(jobs, 1))


def test_only_what_nobody_has_come_back_for_is_cancelled(shop: Workshop) -> None:
    left, held, again = (waited_for(shop, n, seconds=600) for n in (1, 2, 3))
    rounds = [abandon(shop)]
    passes(shop, left, again)
    rounds.append(abandon(shop))  # a last chance, which one of the two takes
    Waits(shop.book).hold({again: []}, seconds=600)
    passes(shop, left)
    rounds += [abandon(shop), abandon(shop)]
    passes(shop, again)
    rounds.append(abandon(shop))  # and may be late again

    assert rounds == [0, 0, 1, 0, 0]
    assert [shop.book.describe(job).state for job in (left, held, again)] == [
        State.CANCELLED, State.PLANNING, State.PLANNING]  # fmt: skip
    assert shop.book.describe(left).reason == "nobody waits for it any more"


def test_a_job_that_is_over_is_left_as_it_is(shop: Workshop) -> None:
    job = waited_for(shop, 1, seconds=600)
    shop.book.cancel(job, caller="ann", reason="by hand")
    passes(shop, job)
    rounds = [abandon(shop)]
    passes(shop, job)
    rounds.append(abandon(shop))

    assert rounds == [0, 0]
    assert shop.book.describe(job).reason == "by hand"


def test_a_request_finds_its_job_until_the_job_is_over(shop: Workshop) -> None:
    job = waited_for(shop, 1, seconds=600, key="k")
    waits = Waits(shop.book)

    assert (waits.job_of("k"), waits.job_of("other")) == (job, None)
    waits.forget(job, ["k"])
    assert (waits.job_of("k"), waits.left()) == (None, ())
