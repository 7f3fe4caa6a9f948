"""Who works on what: leases, beats, the reaper, suspects, lanes, pause and cancel."""

from jobs.ledger.leasing import Beat, Drain
from jobs.ledger.views import GiveBack, Lease
from jobs.state import Lane, State
from tests.ledger.conftest import Desk


def beat(ledger: Desk, lease: Lease, *in_flight: int) -> Beat:
    return ledger.leasing.beat(lease, in_flight=in_flight, lease_seconds=30, max_age_seconds=300)


def test_a_job_cannot_be_leased_before_it_is_planned(ledger: Desk) -> None:
    ledger.accept()

    assert ledger.ask() is None


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


def test_the_tail_of_a_slow_job_is_cut_into_pieces_of_seconds(ledger: Desk) -> None:
    ledger.ready(100)
    first = ledger.lease(chunk=16)
    ledger.leasing.settle(first, range(16))
    ledger.leasing.release(first, [], chunk=26)  # in twenty seconds

    sizes = []
    while lease := ledger.ask(slots=12):
        assert isinstance(lease, Lease)
        sizes.append(lease.stop - lease.start)

    assert sizes[:3] == [7, 7, 6]
    assert min(sizes[:-1]) == 4  # about three seconds


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

    assert ledger.leasing.reap().leases == 1
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
    deaths = poisoned = 0
    while isinstance(lease := ledger.ask(chunk=8), Lease):
        if lease.start <= 5 < lease.stop:
            deaths += 1
            ledger.clock.now += 31
            poisoned += ledger.leasing.reap().poisoned
        else:
            ledger.leasing.settle(lease, range(lease.start, lease.stop))
            ledger.release(lease)

    view = ledger.book.describe(job)
    assert (view.state, view.settled, dict(view.causes)) == (State.PARTIAL, 7, {"poison": 1})
    assert poisoned == 1
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
