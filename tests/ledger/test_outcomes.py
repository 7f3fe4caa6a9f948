"""What becomes of a variant is counted once, and the last outcome ends the job."""

from jobs.state import State
from tests.ledger.conftest import Desk


def test_a_settled_variant_is_never_counted_twice(ledger: Desk) -> None:
    job = ledger.ready(8)
    lease = ledger.lease(chunk=8)

    counted = [ledger.leasing.settle(lease, [0, 1, 2]), ledger.leasing.settle(lease, [1, 2, 3])]

    assert counted == [3, 1]
    assert ledger.book.describe(job).settled == 4


def test_the_last_settle_finishes_the_job_and_leaves_no_lease_behind(ledger: Desk) -> None:
    job = ledger.ready(4)
    lease = ledger.lease()

    ledger.leasing.settle(lease, [0, 1, 2, 3])

    view = ledger.book.describe(job)
    assert (view.state, view.settled, view.leased) == (State.SUCCEEDED, 4, 0)
    assert ledger.book.redis.zcard("pm:leases") == 0
    assert ledger.kinds(job) == ["accepted", "queued", "started", "settled", "finished"]


def test_a_settle_by_a_holder_whose_lease_expired_still_counts(ledger: Desk) -> None:
    job = ledger.ready(4)
    zombie = ledger.lease()
    ledger.clock.now += 31
    ledger.leasing.reap()

    ledger.leasing.settle(zombie, [0])

    assert ledger.book.describe(job).settled == 1


def test_a_refusal_counts_once_and_only_from_a_live_lease(ledger: Desk) -> None:
    job = ledger.ready(4)
    lease = ledger.lease()

    first = ledger.leasing.refuse(lease, 2, code="bad_image", message="not a picture")
    second = ledger.leasing.refuse(lease, 2, code="bad_image", message="not a picture")
    ledger.clock.now += 31
    late = ledger.leasing.refuse(lease, 3, code="bad_image", message="not a picture")

    assert (first, second, late) == (True, False, False)
    assert ledger.book.describe(job).causes == {"bad_image": 1}
    assert [r.index for r in ledger.book.refusals(job)] == [2]


def test_a_refusal_of_an_index_outside_its_lease_counts_nothing(ledger: Desk) -> None:
    job = ledger.ready(12)
    ledger.lease(chunk=4)
    second = ledger.lease(chunk=4)

    counted = [ledger.leasing.refuse(second, index, code="bad_image", message="no") for index in (3, 8)]

    assert counted == [False, False]
    assert ledger.book.describe(job).refused == 0


def test_a_refused_variant_cannot_be_settled_as_well(ledger: Desk) -> None:
    job = ledger.ready(4)
    lease = ledger.lease()
    ledger.leasing.refuse(lease, 2, code="bad_image", message="not a picture")

    assert ledger.leasing.settle(lease, [2]) == 0
    assert ledger.book.describe(job).settled == 0


def test_a_job_with_some_refused_is_partial_and_with_all_refused_failed(ledger: Desk) -> None:
    some, every = ledger.ready(2), ledger.ready(1)
    first = ledger.lease(chunk=8)
    ledger.leasing.settle(first, [0])
    ledger.leasing.refuse(first, 1, code="bad_image", message="no")
    second = ledger.lease()
    ledger.leasing.refuse(second, 0, code="bad_image", message="no")

    assert ledger.book.describe(some).state == State.PARTIAL
    assert ledger.book.describe(every).state == State.FAILED


def test_a_job_that_refuses_more_than_max_failures_stops(ledger: Desk) -> None:
    job = ledger.ready(100, max_failures=1)
    lease = ledger.lease(chunk=8)

    for index in range(2):
        ledger.leasing.refuse(lease, index, code="bad_image", message="no")

    view = ledger.book.describe(job)
    assert view.state == State.FAILED
    assert "max_failures" in view.reason
    assert ledger.ask() is None


def test_retry_reopens_only_what_was_refused(ledger: Desk) -> None:
    job = ledger.ready(4)
    lease = ledger.lease()
    ledger.leasing.settle(lease, [0, 3])
    for index in (1, 2):
        ledger.leasing.refuse(lease, index, code="bad_image", message="no")

    view = ledger.book.retry(job, caller="ann")
    again = ledger.lease()
    ledger.leasing.settle(again, [1, 2])

    assert (view.state, view.refused, view.settled) == (State.QUEUED, 0, 2)
    assert (again.start, again.stop) == (1, 3)
    assert ledger.book.describe(job).state == State.SUCCEEDED
