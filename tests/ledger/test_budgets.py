"""A budget pauses a job, with the reason, and never kills it; a raised one lets it go on."""

import pytest

from jobs.ledger.book import NO_BUDGET
from jobs.ledger.views import Lease
from jobs.spec.model import Budget
from jobs.state import State
from tests.ledger.conftest import Desk


def work(ledger: Desk, *, seconds: float = 0.0) -> int:
    """Lease and settle until nothing is leased any more; how many variants that was."""
    done = 0
    while isinstance(lease := ledger.ask(chunk=4), Lease):
        done += ledger.leasing.settle(lease, range(lease.start, lease.stop), seconds=seconds)
        ledger.release(lease)
    return done


def test_a_budget_of_images_is_met_exactly_and_pauses_with_the_reason(ledger: Desk) -> None:
    job = ledger.ready(20, budget=Budget(images=7))

    done = work(ledger)

    view = ledger.book.describe(job)
    assert (done, view.settled, view.state) == (7, 7, State.PAUSED)
    assert view.reason == "the budget of 7 images is spent"


def test_workers_at_once_never_lease_more_than_the_budget_leaves(ledger: Desk) -> None:
    ledger.ready(40, budget=Budget(images=10))

    leases = [ledger.ask(chunk=4) for _ in range(6)]

    assert sum(lease.stop - lease.start for lease in leases if isinstance(lease, Lease)) == 10
    assert ledger.book.describe("job-1").state is State.RUNNING


def test_what_a_refusal_left_of_the_budget_is_used(ledger: Desk) -> None:
    job = ledger.ready(20, budget=Budget(images=4))
    lease = ledger.lease(chunk=4)
    ledger.leasing.refuse(lease, 0, code="bad_image", message="no")
    ledger.leasing.settle(lease, [1, 2, 3])
    ledger.release(lease)

    assert work(ledger) == 1
    assert ledger.book.describe(job).settled == 4


def test_a_budget_of_gpu_seconds_pauses_at_the_settle_that_spends_it(ledger: Desk) -> None:
    job = ledger.ready(20, budget=Budget(gpu_seconds=5))

    done = work(ledger, seconds=2)

    view = ledger.book.describe(job)
    assert (done, view.gpu_seconds, view.state) == (12, 6.0, State.PAUSED)
    assert view.reason == "the budget of 5 GPU seconds is spent"


def test_a_settle_sent_twice_spends_its_seconds_once(ledger: Desk) -> None:
    job = ledger.ready(20)
    lease = ledger.lease()

    for _ in range(2):
        ledger.leasing.settle(lease, [0, 1], seconds=1.5)

    assert ledger.book.describe(job).gpu_seconds == 1.5


def test_a_raised_budget_lets_it_go_on_to_the_end(ledger: Desk) -> None:
    job = ledger.ready(20, budget=Budget(images=7))
    work(ledger)

    ledger.book.resume(job, caller="ann", budget=Budget(images=30))

    assert work(ledger) == 13
    assert ledger.book.describe(job).state is State.SUCCEEDED


@pytest.mark.parametrize("budget", [NO_BUDGET, Budget(images=7), Budget(gpu_seconds=100)])
def test_resuming_without_a_higher_budget_changes_nothing(ledger: Desk, budget: Budget) -> None:
    job = ledger.ready(20, budget=Budget(images=7))
    work(ledger)

    view = ledger.book.resume(job, caller="ann", budget=budget)

    assert (view.state, view.reason) == (State.PAUSED, "the budget of 7 images is spent")
    assert ledger.ask() is None


def test_a_job_that_ends_as_its_budget_does_has_ended(ledger: Desk) -> None:
    job = ledger.ready(7, budget=Budget(images=7, gpu_seconds=8))

    work(ledger, seconds=4)

    assert ledger.book.describe(job).state is State.SUCCEEDED
