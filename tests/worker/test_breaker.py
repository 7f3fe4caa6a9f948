"""While the store is away a worker leases nothing, for bounded and jittered waits, and comes back by itself."""

from collections.abc import Iterator

import pytest
from pydantic import SecretStr

from jobs.breaker import FIRST_SECONDS, MAX_SECONDS, Breaker
from jobs.settings import Settings
from jobs.state import Lane
from tests.ledger.conftest import Clock
from worker import ticket
from worker.health.circuit import Circuit
from worker.workshop import Workshop


def waits(count: int, *, random: float) -> list[float]:
    """How long each of so many outages in a row keeps the breaker open."""
    breaker, now, found = Breaker(), 0.0, []
    for _ in range(count):
        breaker = breaker.failed(now, random=random)
        found.append(breaker.closed_from - now)
        now = breaker.closed_from
    return found


def test_waits_double_within_bounds_and_are_spread() -> None:
    longest, shortest = waits(40, random=1.0), waits(40, random=0.0)

    assert longest[:4] == [FIRST_SECONDS, 2 * FIRST_SECONDS, 4 * FIRST_SECONDS, 8 * FIRST_SECONDS]
    assert max(longest) == MAX_SECONDS
    assert shortest == [wait / 2 for wait in longest]


def test_faults_of_what_was_begun_before_do_not_lengthen_the_wait() -> None:
    once = Breaker().failed(0.0, random=1.0)

    assert once.failed(0.1, random=1.0) == once
    assert not once.may(1.9)
    assert once.may(2.0)


def test_a_success_forgets_every_failure() -> None:
    breaker = Breaker()
    for now in (0.0, 100.0, 200.0):
        breaker = breaker.failed(now, random=1.0)

    assert breaker.succeeded() == Breaker()


@pytest.fixture
def shop(redis_url: str) -> Iterator[Workshop]:
    """A worker whose store does not answer."""
    made = Workshop(
        Settings(
            redis_url=SecretStr(redis_url), s3_endpoint="http://127.0.0.1:9", output_uri="s3://away", backend="paced"
        )
    )
    yield made
    made.close()


def test_after_a_wait_the_store_is_asked_once_and_must_answer_before_work_is_begun() -> None:
    clock = Clock()
    circuit = Circuit(clock, lambda: 1.0)
    circuit.failed()
    asked: list[bool] = []

    def answers(there: bool) -> bool:
        asked.append(there)
        # Another slot that asks meanwhile hears no, and troubles nobody.
        assert not circuit.lets(lambda: answers(True))
        return there

    early = circuit.lets(lambda: answers(True))
    clock.now += FIRST_SECONDS
    away = circuit.lets(lambda: answers(False))
    clock.now += FIRST_SECONDS
    still_waiting = circuit.lets(lambda: answers(True))
    clock.now += FIRST_SECONDS
    back = circuit.lets(lambda: answers(True))

    assert (early, away, still_waiting, back) == (False, False, False, True)
    assert asked == [False, True]


def test_a_worker_without_its_store_leases_once_and_then_nothing_until_the_store_answers(shop: Workshop) -> None:
    clock = Clock()
    shop.circuit = Circuit(clock, lambda: 1.0)
    shop.book.accept(
        job="job-1", caller="ann", lane=Lane.NORMAL, name="", spec=b"{}", spec_hash="", count=64, total=64,
        models=["tiny"], results_uri="s3://away/ann/job-1/", max_failures=None, idempotency_key=None, body_hash="",
    )  # fmt: skip
    shop.leasing.ready("job-1", count=64, total=64, span=1, manifest_uri="s3://away/ann/job-1/manifest.json")
    free = shop.view().busy

    held = [ticket.render(shop), ticket.render(shop)]
    busy = shop.view().busy
    clock.now += FIRST_SECONDS
    held.append(ticket.render(shop))
    view = shop.book.describe("job-1")

    assert held == [1, 0, 0]
    assert (free, busy) == (0, shop.floor.slots)
    assert (view.refused, view.leased, view.open) == (0, 0, 64)
