"""People at the controls: other lanes, and second tries of exactly what was asked for."""

from jobs.ledger.leasing import Beat
from jobs.ledger.views import JobView, Lease, Selection, WorkerView
from jobs.state import Lane, State
from tests.ledger.conftest import Desk

WORKER = WorkerView("w1", "cpu", "paced", ("tiny",), slots=3, busy=1, seen_at=0, rendered=0)


def over(ledger: Desk, refused: dict[int, str], count: int = 12) -> str:
    """A job that is over, with these indexes refused for these causes and all others settled."""
    job = ledger.ready(count)
    while isinstance(lease := ledger.ask(chunk=512), Lease):
        mine = range(lease.start, lease.stop)
        ledger.leasing.settle(lease, [index for index in mine if index not in refused])
        for index in refused.keys() & set(mine):
            ledger.leasing.refuse(lease, index, code=refused[index], message="no")
    return job


def again(ledger: Desk, job: str, among: Selection) -> JobView:
    return ledger.book.retry(job, caller="ann", among=among)


def beat(ledger: Desk, lease: Lease) -> Beat:
    return ledger.leasing.beat(lease, in_flight=[lease.start], lease_seconds=30, max_age_seconds=300)


def open_indexes(ledger: Desk) -> set[int]:
    found: set[int] = set()
    while isinstance(lease := ledger.ask(chunk=512), Lease):
        found.update(set(range(lease.start, lease.stop)) - lease.closed)
    return found


def test_a_second_try_by_cause_reopens_that_cause_alone(ledger: Desk) -> None:
    job = over(ledger, {1: "unreachable", 2: "bad_image", 7: "unreachable"})

    view = again(ledger, job, Selection(causes=("unreachable",)))

    assert (view.state, view.refused, dict(view.causes)) == (State.QUEUED, 1, {"bad_image": 1})
    assert open_indexes(ledger) == {1, 7}
    assert [refusal.index for refusal in ledger.book.refusals(job)] == [2]


def test_a_second_try_by_index_reopens_what_was_refused_there_alone(ledger: Desk) -> None:
    job = over(ledger, {1: "unreachable", 2: "bad_image", 7: "unreachable"})

    view = again(ledger, job, Selection(ranges=((2, 8), (10, 9999))))

    assert dict(view.causes) == {"unreachable": 1}
    assert open_indexes(ledger) == {2, 7}


def test_a_second_try_of_nothing_changes_nothing(ledger: Desk) -> None:
    job = over(ledger, {1: "unreachable"})
    before = ledger.book.describe(job)

    found = again(ledger, job, Selection(causes=("unreachable",), ranges=((5, 9),)))

    assert found == before
    assert found.state is State.PARTIAL


def test_a_second_try_repeated_reopens_nothing_more(ledger: Desk) -> None:
    job = over(ledger, {1: "unreachable", 2: "bad_image"})
    chosen = Selection(causes=("unreachable",))

    again(ledger, job, chosen)
    view = again(ledger, job, chosen)

    assert (view.waiting, view.refused) == (1, 1)


def test_causes_are_known_beyond_the_refusals_whose_words_are_kept(ledger: Desk) -> None:
    job = over(ledger, {index: "bad_image" if index % 2 else "unreachable" for index in range(1100)}, count=1200)

    view = again(ledger, job, Selection(causes=("bad_image",), ranges=((1000, 1100),)))

    assert dict(view.causes) == {"bad_image": 500, "unreachable": 550}
    assert open_indexes(ledger) == set(range(1001, 1100, 2))


def test_a_stopped_jobs_second_try_also_takes_up_what_was_open_when_it_stopped(ledger: Desk) -> None:
    job = ledger.ready(8, max_failures=0)
    lease = ledger.lease(chunk=6)
    ledger.leasing.settle(lease, [0, 1])
    ledger.leasing.refuse(lease, 2, code="bad_image", message="no")
    assert ledger.book.describe(job).state is State.FAILED

    again(ledger, job, Selection())

    assert open_indexes(ledger) == {2, 3, 4, 5, 6, 7}


def test_a_job_moved_to_another_lane_is_leased_from_there_and_moving_it_again_changes_nothing(ledger: Desk) -> None:
    ledger.ready(8)
    late = ledger.ready(8, caller="bob")
    ledger.ask()

    views = [ledger.book.prioritise(late, Lane.URGENT, caller="bob") for _ in range(2)]
    lease = ledger.lease()

    assert [view.lane for view in views] == [Lane.URGENT] * 2
    assert lease.job == late
    assert ledger.kinds(late).count("moved") == 1


def test_a_paused_job_that_is_moved_stays_paused_until_it_is_resumed(ledger: Desk) -> None:
    job = ledger.ready(8)
    ledger.book.pause(job, caller="ann")
    ledger.book.prioritise(job, Lane.URGENT, caller="ann")

    assert ledger.ask() is None
    ledger.book.resume(job, caller="ann")

    assert ledger.lease().job == job


def test_a_background_lease_is_asked_to_yield_while_urgent_work_waits_and_only_then(ledger: Desk) -> None:
    ledger.leasing.announce(WORKER)
    ledger.ready(64, lane=Lane.BACKGROUND)
    background = ledger.lease(chunk=32)
    normal = ledger.ready(8)
    said = [beat(ledger, background)]
    ledger.ready(8, caller="bob", lane=Lane.URGENT)

    said.append(beat(ledger, background))
    urgent = ledger.lease(chunk=8)
    said.append(beat(ledger, background))

    assert said == [Beat.GO, Beat.YIELD, Beat.GO]
    assert beat(ledger, urgent) is Beat.GO
    assert ledger.lease().job == normal


def test_nobody_yields_to_work_that_he_could_not_do(ledger: Desk) -> None:
    ledger.leasing.announce(WORKER)
    ledger.ready(64, lane=Lane.BACKGROUND)
    lease = ledger.lease(chunk=32)

    ledger.ready(8, lane=Lane.URGENT, models=("huge",))

    assert beat(ledger, lease) is Beat.GO


def test_what_a_yielding_lease_gives_back_is_leased_again_after_the_urgent_work(ledger: Desk) -> None:
    ledger.leasing.announce(WORKER)
    background = ledger.ready(8, lane=Lane.BACKGROUND)
    lease = ledger.lease(chunk=8)
    urgent = ledger.ready(4, lane=Lane.URGENT)
    assert beat(ledger, lease) is Beat.YIELD

    ledger.leasing.settle(lease, [0, 1])
    ledger.release(lease, (2, 8))
    taken = [ledger.lease(chunk=8) for _ in range(2)]

    assert [(one.job, one.start, one.stop) for one in taken] == [(urgent, 0, 4), (background, 2, 8)]


def test_a_job_that_planning_holds_is_leased_by_nobody_until_it_is_resumed(ledger: Desk) -> None:
    job = ledger.accept(4)
    held = ledger.leasing.ready(job, count=4, total=4, span=1, manifest_uri="s3://m.json", hold="too many")
    asked = ledger.ask()

    view = ledger.book.describe(job)
    resumed = ledger.book.resume(job, caller="ann")

    assert (held, asked, view.state, view.reason) == (State.PAUSED, None, State.PAUSED, "too many")
    assert resumed.state is State.QUEUED
    assert open_indexes(ledger) == {0, 1, 2, 3}
    assert ledger.kinds(job)[-4:] == ["queued", "paused", "resumed", "started"]


def test_a_job_paused_while_it_is_planned_is_paused_as_soon_as_it_is(ledger: Desk) -> None:
    job = ledger.accept(4)
    asked = ledger.book.pause(job, caller="ann")
    planned = ledger.leasing.ready(job, count=4, total=4, span=1, manifest_uri="s3://m.json", hold="too many")
    view = ledger.book.describe(job)

    assert (asked.state, asked.held, asked.reason) == (State.PLANNING, True, "paused by the caller")
    assert (planned, view.reason, ledger.ask()) == (State.PAUSED, "paused by the caller", None)
    assert ledger.book.resume(job, caller="ann").state is State.QUEUED
    assert open_indexes(ledger) == {0, 1, 2, 3}


def test_a_job_paused_and_resumed_while_it_is_planned_is_not_paused(ledger: Desk) -> None:
    job = ledger.accept(4)
    ledger.book.pause(job, caller="ann")
    asked = ledger.book.resume(job, caller="ann")

    planned = ledger.leasing.ready(job, count=4, total=4, span=1, manifest_uri="s3://m.json")

    assert (asked.state, asked.held, asked.reason) == (State.PLANNING, False, "")
    assert planned is State.QUEUED


def test_a_paused_job_whose_last_lease_comes_back_without_a_word_stays_paused(ledger: Desk) -> None:
    job = ledger.ready(24)
    held = ledger.lease(chunk=24)
    ledger.book.pause(job, caller="ann")

    ledger.release(held)

    assert ledger.ask() is None
    ledger.book.resume(job, caller="ann")

    assert ledger.lease().job == job
