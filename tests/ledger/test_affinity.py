"""A worker goes on with the models that it has in memory, and nobody waits for that longer than the bound."""

import pytest

from jobs.ledger.views import Lease
from jobs.state import Lane
from tests.ledger.conftest import Desk

BOTH = ("sketch", "tiny")
BOUND_SECONDS = 20


@pytest.fixture
def two(ledger: Desk) -> Desk:
    """Ann's job for one model came first, bob's for the other after it."""
    ledger.ready(100, caller="ann", models=("tiny",))
    ledger.ready(100, caller="bob", models=("sketch",))
    return ledger


def leased(desk: Desk, worker: str, *loaded: str) -> str:
    """Whose job the worker is given."""
    lease = desk.ask(worker, models=BOTH, loaded=loaded)
    assert isinstance(lease, Lease)
    desk.release(lease, (lease.start, lease.stop))
    return lease.caller


def test_a_job_whose_model_is_loaded_goes_before_one_whose_is_not(two: Desk) -> None:
    assert [leased(two, "w1", "sketch") for _ in range(3)] == ["bob", "bob", "bob"]
    assert leased(two, "w2", "tiny") == "ann"


def test_with_nothing_loaded_it_is_whose_turn_it_is(two: Desk) -> None:
    assert [leased(two, "w1") for _ in range(4)] == ["ann", "bob", "ann", "bob"]
    assert leased(two, "w1", "another") == "ann"


def test_nobody_is_passed_over_for_longer_than_the_bound(two: Desk) -> None:
    assert leased(two, "w1", "sketch") == "bob"
    two.clock.now += BOUND_SECONDS - 1
    assert leased(two, "w1", "sketch") == "bob"

    two.clock.now += 1

    assert leased(two, "w1", "sketch") == "ann"
    assert leased(two, "w1", "sketch") == "bob"  # and from then on anew


def test_a_job_that_has_nothing_to_lease_is_not_passed_over(two: Desk) -> None:
    waits = two.ask("w2", models=("tiny",), chunk=100)
    assert isinstance(waits, Lease)
    assert leased(two, "w1", "sketch") == "bob"
    two.clock.now += BOUND_SECONDS + 1

    two.release(waits, (waits.start, waits.stop))

    assert leased(two, "w1", "sketch") == "bob"


def test_urgent_work_waits_for_no_model(ledger: Desk) -> None:
    ledger.ready(100, caller="ann", lane=Lane.URGENT, models=("tiny",))
    ledger.ready(100, caller="bob", lane=Lane.URGENT, models=("sketch",))

    assert leased(ledger, "w1", "sketch") == "ann"
