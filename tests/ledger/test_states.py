"""How many jobs stand in each state is counted where they change it, and nowhere else."""

from jobs.ledger.pulse import pulse
from jobs.ledger.recovery import Lost, Outcomes, restore
from jobs.ledger.retention import forget
from jobs.state import Lane
from tests.ledger.conftest import Desk


def counted(ledger: Desk) -> dict[str, int]:
    """The states in which jobs stand."""
    return {str(state): count for state, count in pulse(ledger.book).jobs.items() if count}


def test_each_job_counts_in_one_state_from_its_acceptance_until_it_is_pruned(ledger: Desk) -> None:
    told = [counted(ledger)]
    job, other = ledger.accept(4), ledger.ready(4)
    told.append(counted(ledger))
    ledger.book.pause(other, caller="ann")
    ledger.book.cancel(job, caller="ann")
    told.append(counted(ledger))
    ledger.book.resume(other, caller="ann")
    lease = ledger.lease()
    told.append(counted(ledger))
    ledger.leasing.settle(lease, range(4))
    while duty := ledger.leasing.take_duty(hold_seconds=30):
        ledger.leasing.duty_done(duty)
    told.append(counted(ledger))
    assert forget(ledger.book, job)

    assert told == [
        {},
        {"planning": 1, "queued": 1},
        {"paused": 1, "cancelled": 1},
        {"running": 1, "cancelled": 1},
        {"succeeded": 1, "cancelled": 1},
    ]
    assert counted(ledger) == {"succeeded": 1}


def test_a_job_that_comes_back_from_storage_is_counted_once(ledger: Desk) -> None:
    lost = Lost("j", "ann", "", Lane.NORMAL, ("tiny",), "5" * 64, "s3://o/j/", "s3://o/j/m.json", 4, 4, 1, None, 1.0)

    first, second = restore(ledger.book, lost, Outcomes()), restore(ledger.book, lost, Outcomes())

    assert (first, second, counted(ledger)) == (True, False, {"queued": 1})
