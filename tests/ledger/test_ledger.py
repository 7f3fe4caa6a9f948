"""The ledger's promises, one by one, on a real Redis."""

import pytest

from jobs.errors import Conflict, LedgerUnavailable, NotFound
from jobs.ledger.book import Book, connect
from jobs.ledger.leasing import Beat, Drain, Duty
from jobs.ledger.views import GiveBack, Lease, WorkerView
from jobs.settings import Settings
from jobs.state import Lane, State
from tests.ledger.conftest import Desk


def beat(ledger: Desk, lease: Lease, *in_flight: int) -> Beat:
    return ledger.leasing.beat(lease, in_flight=in_flight, lease_seconds=30, max_age_seconds=300)


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


def test_a_job_cannot_be_leased_before_it_is_planned(ledger: Desk) -> None:
    ledger.accept()

    assert ledger.ask() is None


def test_the_spec_leaves_redis_when_planning_has_stored_the_manifest(ledger: Desk) -> None:
    job = ledger.accept()
    assert ledger.book.spec(job) == b'{"images":[]}'

    ledger.leasing.ready(job, count=1, total=1, span=1, manifest_uri="s3://out/m.json")

    assert ledger.book.spec(job) is None


def test_leases_cut_the_product_without_gap_or_overlap(ledger: Desk) -> None:
    ledger.ready(30)

    cuts = []
    while isinstance(lease := ledger.ask(chunk=8), Lease):
        cuts.append((lease.start, lease.stop))

    assert cuts == [(0, 8), (8, 16), (16, 24), (24, 30)]


def test_chunks_end_on_the_borders_of_init_images(ledger: Desk) -> None:
    ledger.ready(30, span=6)

    assert [(ledger.lease(chunk=8).start, ledger.lease(chunk=20).stop)] == [(0, 24)]


def test_the_tail_of_a_job_is_shared_out_over_the_slots(ledger: Desk) -> None:
    ledger.ready(100)

    lease = ledger.ask(chunk=100, slots=4)

    assert isinstance(lease, Lease)
    assert lease.stop - lease.start == 25


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


def test_what_a_holder_gives_back_is_leased_again_after_its_delay(ledger: Desk) -> None:
    job = ledger.ready(4)
    lease = ledger.lease()
    ledger.leasing.settle(lease, [0, 1])
    give = GiveBack(2, 3, 60.0, attempt=1)
    ledger.leasing.release(lease, [(give, "unreachable", "no route"), (GiveBack(3, 4), "", "")], chunk=None)

    at_once = ledger.lease()
    nothing = ledger.ask()
    ledger.clock.now += 61
    later = ledger.lease()

    assert (at_once.start, at_once.stop, at_once.again, at_once.attempt) == (3, 4, True, 0)
    assert nothing is None
    assert (later.start, later.stop, later.attempt) == (2, 3, 1)
    assert "postponed" in ledger.kinds(job)


def test_a_beat_keeps_a_lease_alive_until_its_age_limit(ledger: Desk) -> None:
    ledger.ready(4)
    lease = ledger.lease()

    said = []
    for _ in range(20):
        ledger.clock.now += 20
        said.append(beat(ledger, lease, 0))

    assert said[:14] == [Beat.GO] * 14
    assert said[-1] == Beat.LOST


def test_an_expired_lease_cannot_be_extended(ledger: Desk) -> None:
    ledger.ready(4)
    lease = ledger.lease()
    ledger.clock.now += 31

    assert beat(ledger, lease) == Beat.LOST


def test_the_reaper_makes_the_rows_in_flight_suspects_and_gives_out_the_rest(ledger: Desk) -> None:
    ledger.ready(8)
    lease = ledger.lease(chunk=8)
    ledger.leasing.settle(lease, [0])
    beat(ledger, lease, 3, 4)
    ledger.clock.now += 31

    assert ledger.leasing.reap() == 1
    again = [ledger.lease() for _ in range(4)]

    found = {(lease.start, lease.stop, lease.alone) for lease in again}
    assert found == {(1, 3, False), (3, 4, True), (4, 5, True), (5, 8, False)}


def test_a_suspect_waits_until_the_process_is_idle(ledger: Desk) -> None:
    ledger.ready(1)
    ledger.lease()
    ledger.clock.now += 31
    ledger.leasing.reap()

    assert ledger.ask(alone=False) == Drain.DRAIN
    assert ledger.lease().alone


def test_a_variant_that_kills_three_workers_alone_is_refused_and_its_neighbours_are_not(ledger: Desk) -> None:
    job = ledger.ready(8)
    deaths = 0
    while isinstance(lease := ledger.ask(chunk=8), Lease):
        if lease.start <= 5 < lease.stop:
            deaths += 1
            ledger.clock.now += 31
            ledger.leasing.reap()
        else:
            ledger.leasing.settle(lease, range(lease.start, lease.stop))
            ledger.release(lease)

    view = ledger.book.describe(job)
    assert (view.state, view.settled, dict(view.causes)) == (State.PARTIAL, 7, {"poison": 1})
    assert deaths <= 7


def test_no_lease_is_given_after_cancel_and_a_late_settle_does_not_count(ledger: Desk) -> None:
    job = ledger.ready(8)
    lease = ledger.lease()
    ledger.leasing.settle(lease, [0])

    view = ledger.book.cancel(job, caller="ann")

    assert view.state == State.CANCELLED
    assert beat(ledger, lease) == Beat.CANCELLED
    assert ledger.leasing.settle(lease, [1]) == 0
    assert ledger.ask() is None
    assert ledger.book.cancel(job, caller="ann").settled == 1


def test_pause_takes_no_lease_and_resume_goes_on_where_it_was(ledger: Desk) -> None:
    job = ledger.ready(8)
    lease = ledger.lease()

    ledger.book.pause(job, caller="ann")
    said, nothing = beat(ledger, lease), ledger.ask()
    ledger.release(lease, (0, 4))
    still_nothing = ledger.ask()
    ledger.book.resume(job, caller="ann")

    assert (said, nothing, still_nothing) == (Beat.PAUSED, None, None)
    assert ledger.lease().start == 0


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


def test_the_urgent_lane_goes_first_and_a_reserved_slot_takes_nothing_else(ledger: Desk) -> None:
    ledger.ready(8, lane=Lane.BACKGROUND)
    assert ledger.ask(urgent_only=True) is None

    urgent = ledger.ready(1, lane=Lane.URGENT)

    assert ledger.lease().job == urgent


def test_a_late_small_caller_is_served_at_once_behind_a_large_backlog(ledger: Desk) -> None:
    ledger.ready(1_000_000, caller="ann")
    for _ in range(5):
        ledger.lease()
    small = ledger.ready(8, caller="bob")

    turns = [ledger.lease().job for _ in range(4)]

    assert turns.count(small) == 2


def test_a_worker_without_the_model_gets_nothing(ledger: Desk) -> None:
    ledger.ready(4, models=("tiny", "sdxl"))

    assert ledger.ask() is None


def test_a_holder_that_forgets_a_variant_does_not_strand_the_job(ledger: Desk) -> None:
    job = ledger.ready(4)
    lease = ledger.lease()
    ledger.leasing.settle(lease, [0, 1, 2])
    ledger.release(lease)

    again = ledger.lease()
    ledger.leasing.settle(again, [3])

    assert ledger.book.describe(job).state == State.SUCCEEDED


def test_a_duty_that_is_not_done_in_time_comes_again(ledger: Desk) -> None:
    job = ledger.accept()

    first = ledger.leasing.take_duty(hide_seconds=60)
    hidden = ledger.leasing.take_duty(hide_seconds=60)
    ledger.clock.now += 61
    again = ledger.leasing.take_duty(hide_seconds=60)

    assert first == again == Duty("plan", job)
    assert hidden is None


def test_finishing_marks_the_results_as_written(ledger: Desk) -> None:
    job = ledger.ready(1)
    ledger.leasing.settle(ledger.lease(), [0])
    duty = ledger.leasing.take_duty(hide_seconds=60)
    assert duty == Duty("finish", job)

    ledger.leasing.duty_done(duty)

    assert ledger.book.describe(job).written
    assert ledger.leasing.take_duty(hide_seconds=60) is None


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
        Book(connect(settings)).check()

    assert "hunter2" not in f"{caught.value}{caught.value.remedy}"


def test_a_redis_that_may_evict_keys_is_refused(ledger: Desk) -> None:
    ledger.book.check()
    ledger.book.redis.config_set("maxmemory-policy", "allkeys-lru")
    try:
        with pytest.raises(LedgerUnavailable, match="allkeys-lru"):
            ledger.book.check()
    finally:
        ledger.book.redis.config_set("maxmemory-policy", "noeviction")
