"""What a retry or a heal gives out again is one range, whatever the pattern of what is open in it."""

import pytest

from jobs.ledger.leasing import Drain
from jobs.ledger.views import Lease
from jobs.state import State
from tests.ledger.conftest import Desk


def refuse_every(ledger: Desk, job: str, *, nth: int) -> list[int]:
    """Settles a whole job but for each nth variant, which is refused; returns those."""
    refused = []
    while isinstance(lease := ledger.ask(chunk=64), Lease):
        bad = [index for index in range(lease.start, lease.stop) if index % nth == 0]
        ledger.leasing.settle(lease, [index for index in range(lease.start, lease.stop) if index not in bad])
        for index in bad:
            ledger.leasing.refuse(lease, index, code="bad_image", message="no")
        refused += bad
        ledger.release(lease)
    assert ledger.book.describe(job).state == State.PARTIAL
    return refused


@pytest.mark.parametrize("nth", [2, 3, 7, 99])
def test_a_retry_leases_exactly_what_was_refused_and_takes_one_key_entry(ledger: Desk, nth: int) -> None:
    job = ledger.ready(200)
    refused = refuse_every(ledger, job, nth=nth)

    ledger.book.retry(job, caller="ann")
    entries = ledger.book.redis.zcard(f"pm:job:{job}:retry")
    leased, leases = [], 0
    while isinstance(lease := ledger.ask(chunk=16), Lease):
        open_ = [index for index in range(lease.start, lease.stop) if index not in lease.closed]
        assert 0 < len(open_) <= 16
        leased += open_
        leases += 1
        ledger.leasing.settle(lease, open_)
        ledger.release(lease)

    assert entries == 1
    assert leases <= len(refused) / 8 + 1  # scattered variants share a lease, and so a batch
    assert leased == refused
    assert ledger.book.describe(job).state == State.SUCCEEDED


def test_a_run_longer_than_a_chunk_is_leased_in_parts(ledger: Desk) -> None:
    job = ledger.ready(100)
    while isinstance(lease := ledger.ask(chunk=50), Lease):
        for index in range(lease.start, lease.stop):
            ledger.leasing.refuse(lease, index, code="bad_image", message="no")
        ledger.release(lease)
    ledger.book.retry(job, caller="ann")

    first, second = ledger.lease(chunk=10, worker="w1"), ledger.lease(chunk=10, worker="w2")

    assert (first.start, first.stop, second.start) == (0, 10, 10)
    assert first.again
    assert not isinstance(ledger.ask(), Drain)


def test_what_waits_is_never_said_to_be_more_than_is_open(ledger: Desk) -> None:
    job = ledger.ready(100)
    refused = refuse_every(ledger, job, nth=10)

    ledger.book.retry(job, caller="ann")

    assert ledger.book.describe(job).waiting == len(refused)


def test_there_are_tickets_for_each_open_stretch_of_a_wide_range(ledger: Desk) -> None:
    job = ledger.ready(100)
    refused = refuse_every(ledger, job, nth=10)
    ledger.book.retry(job, caller="ann")

    demand = ledger.leasing.demand(models=["tiny"], limit=50, first_chunk=16)

    assert demand.render == len(refused)


def test_a_settled_batch_of_neighbours_is_told_as_ranges(ledger: Desk) -> None:
    job = ledger.ready(20)
    lease = ledger.lease(chunk=20)

    ledger.leasing.settle(lease, [7, 3, 2, 1, 12])

    told = ledger.book.redis.xrevrange(f"pm:job:{job}:events", count=1)[0][1]
    assert told["indexes"] == "1-3,7,12"


def test_a_range_that_goes_out_again_says_what_of_it_is_done(ledger: Desk) -> None:
    ledger.ready(8)
    dead = ledger.lease(chunk=8)
    ledger.clock.now += 31
    ledger.leasing.reap()
    again = ledger.ask(chunk=8)
    ledger.leasing.settle(dead, [6])  # a late word of whom everybody thought dead

    later = ledger.ask(chunk=8)

    assert isinstance(again, Lease)
    assert isinstance(later, Lease)
    assert (again.start, again.stop, again.closed) == (0, 4, frozenset())
    assert (later.start, later.stop, later.closed) == (4, 8, frozenset({6}))
