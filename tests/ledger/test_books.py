"""What the doors ask of the ledger: accept, describe, list; and the duties about whole jobs."""

import pytest

from jobs.errors import Conflict, LedgerUnavailable, NotFound
from jobs.ledger.book import Book, connect
from jobs.ledger.fitness import check_fitness
from jobs.ledger.leasing import Duty
from jobs.ledger.views import WorkerView
from jobs.settings import Settings
from jobs.state import State
from tests.ledger.conftest import Desk


def test_accepting_a_million_variants_stores_no_more_than_accepting_ten(ledger: Desk) -> None:
    def stored(job: str) -> int:
        keys = ledger.book.redis.keys(f"pm:job:{job}*")
        return sum(ledger.book.redis.memory_usage(key) for key in keys)

    small, large = ledger.accept(10), ledger.accept(1_000_000)

    assert stored(large) <= stored(small) + 64


def test_the_same_idempotency_key_and_body_is_the_same_job(ledger: Desk) -> None:
    first = ledger.accept(key="k", body="one")

    again = ledger.accept(key="k", body="one")

    assert again == first
    assert [view.id for view in ledger.book.jobs(caller="ann")] == [first]


def test_the_same_idempotency_key_with_another_body_is_a_conflict_and_makes_no_job(ledger: Desk) -> None:
    ledger.accept(key="k", body="one")

    with pytest.raises(Conflict, match="'k'"):
        ledger.accept(key="k", body="two")

    assert len(ledger.book.jobs(caller="ann")) == 1


def test_idempotency_keys_of_two_callers_do_not_meet(ledger: Desk) -> None:
    first = ledger.accept(key="k", body="one", caller="ann")

    assert ledger.accept(key="k", body="two", caller="bob") != first


def test_a_job_of_another_caller_is_not_found(ledger: Desk) -> None:
    job = ledger.accept(caller="ann")

    with pytest.raises(NotFound):
        ledger.book.describe(job, caller="bob")


def test_the_spec_leaves_redis_when_planning_has_stored_the_manifest(ledger: Desk) -> None:
    job = ledger.accept()
    assert ledger.book.spec(job) == b'{"images":[]}'

    ledger.leasing.ready(job, count=1, total=1, span=1, manifest_uri="s3://out/m.json")

    assert ledger.book.spec(job) is None


def test_a_duty_that_is_not_done_in_time_comes_again(ledger: Desk) -> None:
    job = ledger.accept()

    first = ledger.leasing.take_duty(hold_seconds=60)
    hidden = ledger.leasing.take_duty(hold_seconds=60)
    ledger.clock.now += 61
    again = ledger.leasing.take_duty(hold_seconds=60)

    assert first == again == Duty("plan", job)
    assert hidden is None


def test_what_is_to_be_planned_goes_before_what_is_to_be_finished(ledger: Desk) -> None:
    over = ledger.ready(1)
    ledger.leasing.settle(ledger.lease(), [0])
    ledger.clock.now += 1
    new = [ledger.accept() for _ in range(2)]

    taken = [ledger.leasing.take_duty(hold_seconds=60) for _ in range(4)]

    assert sorted(map(str, taken[:2])) == sorted(f"plan {job}" for job in new)
    assert taken[2:] == [Duty("finish", over), None]


def test_a_duty_that_is_held_on_to_stays_with_its_holder(ledger: Desk) -> None:
    ledger.accept()
    duty = ledger.leasing.take_duty(hold_seconds=60)
    assert duty is not None

    ledger.clock.now += 50
    held = ledger.leasing.hold_duty(duty, hold_seconds=60)
    ledger.clock.now += 50

    assert held == duty
    assert ledger.leasing.take_duty(hold_seconds=60) is None


def test_who_lost_a_duty_can_neither_hold_it_nor_say_that_it_is_done(ledger: Desk) -> None:
    job = ledger.ready(1)
    ledger.leasing.settle(ledger.lease(), [0])
    late = ledger.leasing.take_duty(hold_seconds=60)
    ledger.clock.now += 61
    now = ledger.leasing.take_duty(hold_seconds=60)
    assert late is not None
    assert now is not None

    lost = ledger.leasing.hold_duty(late, hold_seconds=60)
    said_late = ledger.leasing.duty_done(late)
    written_late = ledger.book.describe(job).written

    assert (lost, said_late, written_late) == (None, False, False)
    assert ledger.leasing.duty_done(now)
    assert ledger.book.describe(job).written


def test_a_duty_that_is_never_done_is_held_longer_each_time(ledger: Desk) -> None:
    ledger.accept()
    held = []
    for _ in range(7):
        assert ledger.leasing.take_duty(hold_seconds=30) is not None
        began = ledger.clock.now
        while ledger.leasing.take_duty(hold_seconds=30) is None:
            ledger.clock.now += 10
        held.append(ledger.clock.now - began)
        ledger.leasing.duty_later(Duty("plan", "job-1"), delay_seconds=0)

    assert held[0] < held[1] < held[2] <= held[-1] <= 610


def test_finishing_marks_the_results_as_written(ledger: Desk) -> None:
    job = ledger.ready(1)
    ledger.leasing.settle(ledger.lease(), [0])
    duty = ledger.leasing.take_duty(hold_seconds=60)
    assert duty == Duty("finish", job)

    ledger.leasing.duty_done(duty)

    assert ledger.book.describe(job).written
    assert ledger.leasing.take_duty(hold_seconds=60) is None


def test_planning_that_fails_ends_the_job_with_its_reason(ledger: Desk) -> None:
    job = ledger.accept()

    ledger.leasing.fail(job, reason="no such bucket")

    view = ledger.book.describe(job)
    assert (view.state, view.reason) == (State.FAILED, "no such bucket")


def test_demand_counts_chunks_and_duties_up_to_the_limit(ledger: Desk) -> None:
    ledger.ready(40)
    ledger.accept(10)

    demand = ledger.leasing.demand(models=["tiny"], limit=3, first_chunk=8)

    assert (demand.render, demand.urgent, demand.duties) == (3, 0, 1)


def test_outcomes_are_listed_in_order_from_any_index(ledger: Desk) -> None:
    job = ledger.ready(1000)
    lease = ledger.lease(chunk=8)
    ledger.leasing.settle(lease, [0, 2, 5, 900])
    ledger.leasing.refuse(lease, 4, code="bad_image", message="no")

    assert ledger.book.done_after(job, 1, 3) == (2, 4, 5)
    assert ledger.book.done_after(job, 6, 3) == (900,)
    assert ledger.book.refused(job, [2, 4]) == {4}


def test_a_settle_of_many_counts_each_once_and_leaves_refusals_alone(ledger: Desk) -> None:
    job = ledger.ready(3000)
    lease = ledger.lease(chunk=8)
    ledger.leasing.refuse(lease, 4, code="bad_image", message="no")
    ledger.leasing.settle(lease, [7, 600])

    fresh = ledger.leasing.settle(lease, [5, *range(2000), 5])

    assert fresh == 2000 - 3
    assert ledger.book.describe(job).settled == 2000 - 1
    assert ledger.book.outcomes_after(job, 3, 3) == ((3, False), (4, True), (5, False))
    assert ledger.book.done_after(job, 0, 5000) == tuple(range(2000))


def test_jobs_are_listed_newest_first_in_pages(ledger: Desk) -> None:
    made = []
    for _ in range(5):
        ledger.clock.now += 1
        made.append(ledger.accept())

    first = ledger.book.jobs(caller="ann", limit=2)
    second = ledger.book.jobs(caller="ann", limit=3, before=first[-1].id)

    assert [view.id for view in first + second] == made[::-1]
    with pytest.raises(NotFound, match="cursor"):
        ledger.book.jobs(caller="ann", before="job-nobody")


def test_a_worker_is_listed_while_it_announces_itself(ledger: Desk) -> None:
    view = WorkerView("w1", "cpu", "local", ("tiny",), slots=4, busy=1, seen_at=0, rendered=7)

    ledger.leasing.announce(view)
    listed = ledger.book.workers()
    ledger.leasing.leave("w1")

    assert [(w.id, w.rendered) for w in listed] == [("w1", 7)]
    assert ledger.book.workers() == ()


def test_a_redis_that_is_not_there_is_named_without_its_password() -> None:
    settings = Settings.model_validate({"redis_url": "redis://:hunter2@127.0.0.1:1/0"})

    with pytest.raises(LedgerUnavailable) as caught:
        check_fitness(Book(connect(settings)), require_aof=True)

    assert "hunter2" not in f"{caught.value}{caught.value.remedy}"


def test_a_redis_that_may_evict_keys_is_refused(ledger: Desk) -> None:
    check_fitness(ledger.book, require_aof=True)
    ledger.book.redis.config_set("maxmemory-policy", "allkeys-lru")
    try:
        with pytest.raises(LedgerUnavailable, match="allkeys-lru"):
            check_fitness(ledger.book, require_aof=True)
    finally:
        ledger.book.redis.config_set("maxmemory-policy", "noeviction")
