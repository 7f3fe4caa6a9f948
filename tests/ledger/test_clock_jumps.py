"""A server's clock that jumps costs time at most: no outcome is lost, and none is counted twice."""

import pytest

from jobs.ledger.leasing import Beat
from jobs.ledger.views import Lease
from jobs.state import State
from tests.ledger.conftest import Desk

HOUR = 3600.0


def finish(ledger: Desk, job: str) -> int:
    """Workers that do whatever there is; returns how many pictures they counted."""
    counted = 0
    for _ in range(20):
        ledger.leasing.reap()
        lease = ledger.ask()
        if isinstance(lease, Lease):
            counted += ledger.leasing.settle(lease, range(lease.start, lease.stop))
            ledger.release(lease)
    assert ledger.book.describe(job).state == State.SUCCEEDED
    return counted


def test_a_jump_ahead_takes_leases_away_and_their_late_settles_still_count_once(ledger: Desk) -> None:
    job = ledger.ready(8)
    holder = ledger.lease()
    ledger.clock.now += HOUR
    ledger.leasing.reap()

    late = ledger.leasing.settle(holder, [0, 1])
    counted = finish(ledger, job)

    assert ledger.leasing.beat(holder, in_flight=[], lease_seconds=30, max_age_seconds=300) == Beat.LOST
    assert late + counted == 8


def test_a_jump_back_leaves_a_lease_with_its_holder_who_can_finish(ledger: Desk) -> None:
    job = ledger.ready(8)
    holder = ledger.lease(chunk=8)
    ledger.clock.now -= HOUR

    said = ledger.leasing.beat(holder, in_flight=[0], lease_seconds=30, max_age_seconds=300)
    ledger.leasing.settle(holder, range(8))

    assert said == Beat.GO
    assert ledger.book.describe(job).state == State.SUCCEEDED


@pytest.mark.parametrize("hours", [-1, 1])
def test_what_was_given_back_before_a_jump_is_leased_after_it(ledger: Desk, hours: int) -> None:
    job = ledger.ready(8)
    ledger.release(ledger.lease(chunk=8), (0, 8))
    ledger.clock.now += hours * HOUR

    if hours < 0:  # due an hour from now, by the clock that there is: it waits, and is not lost
        assert ledger.ask() is None
        ledger.clock.now += HOUR

    assert finish(ledger, job) == 8
