"""Who computes next, checked on plain numbers: no torch, no clock."""

import random
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engine.orders import order
from worker.backends.call import Call
from worker.engine.batcher import TURN_TICKS, Batcher, Bucket, Key, Rungs
from worker.engine.row import Row

KEY = Key("tiny", 64, 64)


def call() -> Call:
    """A caller."""
    return Call(lambda _: None, room=1)


def row(caller: Call, *, cost: int = 2, evaluations: int = 10, index: int = 0, urgent: bool = False) -> Row:
    """A row that only the policy looks at."""
    return Row(order(index), caller, cost, evaluations, urgent)


def crowded(capacity: int = 8) -> tuple[Bucket, Call]:
    """A bucket that one caller has filled, with as many waiting behind."""
    caller = call()
    bucket = Bucket(KEY, Rungs((capacity,)))
    for _ in range(capacity):
        bucket.add(row(caller, evaluations=50))
    bucket.admit()
    return bucket, caller


def run_to_end(bucket: Bucket) -> list[dict[Row, tuple[int, ...]]]:
    """Compute until nothing is left; the rows of each step with their slots."""
    left: dict[Row, int] = {}
    steps = []
    while bucket.busy:
        for admitted in bucket.admit():
            left.setdefault(admitted, admitted.evaluations)  # one that was set aside goes on where it was
        steps.append({active: active.slots for active in bucket.active})
        for active in list(bucket.active):
            left[active] -= 1
            if left[active] <= 0:
                bucket.leave(active)
    return steps


@given(
    capacity=st.integers(2, 9),
    rows=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2), st.integers(1, 12)), max_size=40),
)
@settings(max_examples=60, deadline=None)
def test_every_row_runs_once_in_slots_of_its_own(capacity: int, rows: list[tuple[int, int, int]]) -> None:
    callers = [call() for _ in range(4)]
    bucket = Bucket(KEY, Rungs((capacity,)))
    waiting = [row(callers[caller], cost=cost, evaluations=evaluations) for caller, cost, evaluations in rows]
    for each in waiting:
        bucket.add(each)

    steps = run_to_end(bucket)

    for active in steps:
        slots = [slot for its in active.values() for slot in its]
        assert len(slots) == len(set(slots))
        assert all(0 <= slot < capacity for slot in slots)
        assert all(len(its) == each.cost for each, its in active.items())
    for each in waiting:
        assert sum(each in active for active in steps) == each.evaluations
    assert bucket.taken == 0


def test_the_longest_goes_first_and_shortens_the_tail() -> None:
    caller = call()
    bucket = Bucket(KEY, Rungs((4,)))
    for evaluations in (3, 3, 3, 9):
        bucket.add(row(caller, evaluations=evaluations))

    steps = run_to_end(bucket)

    assert len(steps) == 9


def test_a_short_row_is_not_overtaken_for_ever() -> None:
    caller = call()
    bucket = Bucket(KEY, Rungs((2,)))
    short = row(caller, evaluations=1)
    bucket.add(row(caller, evaluations=30))
    bucket.add(short)
    overtakers = 0
    while short not in bucket.active:
        for active in list(bucket.active):
            bucket.leave(active)
        bucket.add(row(caller, evaluations=30))
        bucket.admit()
        overtakers += 1

    assert overtakers <= 32


def test_a_lone_variant_goes_before_the_rest_of_a_crowd() -> None:
    crowd, guest = call(), call()
    bucket = Bucket(KEY, Rungs((4,)))
    for _ in range(20):
        bucket.add(row(crowd, evaluations=50))
    bucket.admit()
    lone = row(guest, evaluations=2)
    bucket.add(lone)

    bucket.leave(bucket.active[0])
    admitted = bucket.admit()

    assert admitted == [lone]


def test_a_newcomer_enters_at_the_next_step_and_whoever_made_room_goes_on_later() -> None:
    bucket, _ = crowded()
    for active in bucket.active:
        active.flight = object()  # type: ignore[assignment]  # the policy only asks whether there is one
    before = list(bucket.active)
    guest = row(call(), evaluations=2)
    bucket.add(guest)

    admitted = bucket.admit()
    (aside,) = set(before) - set(bucket.active)
    slots = aside.slots
    bucket.leave(guest)
    back = bucket.admit()

    assert admitted == [guest]
    assert slots == ()
    assert back == [aside]
    assert aside.flight is not None


def test_callers_of_equal_right_do_not_set_each_other_aside() -> None:
    bucket = Bucket(KEY, Rungs((4,)))
    for _ in range(4):
        caller = call()
        for _ in range(3):
            bucket.add(row(caller))
    first = bucket.admit()

    assert len(first) == 2
    assert bucket.admit() == []
    assert bucket.active == first


def test_an_urgent_row_takes_any_slot_and_keeps_it() -> None:
    bucket = Bucket(KEY, Rungs((2,)))
    slow = row(call())
    bucket.add(slow)
    bucket.admit()
    urgent = row(call(), urgent=True)
    bucket.add(urgent)

    admitted = bucket.admit()
    bucket.add(row(call()))
    later = bucket.admit()

    assert admitted == [urgent]
    assert later == []
    assert bucket.active == [urgent]
    assert slow.slots == ()


def test_while_somebody_is_in_a_hurry_other_buckets_wait() -> None:
    batcher = Batcher()
    batcher.add(Key("tiny", 64, 64), Rungs((4,)), row(call()))
    batcher.add(Key("tiny", 128, 128), Rungs((4,)), row(call(), urgent=True))

    chosen = {bucket.key.width for _ in range(4 * TURN_TICKS) if (bucket := batcher.choose())}

    assert chosen == {128}


def test_a_step_down_lets_everybody_wait_and_begin_anew() -> None:
    bucket = Bucket(KEY, Rungs((8, 4)))
    caller = call()
    for _ in range(6):
        bucket.add(row(caller))
    for active in bucket.admit():
        active.flight = object()  # type: ignore[assignment]

    stepped = bucket.step_down()
    taken = (bucket.capacity, bucket.taken)
    again = bucket.admit()

    assert stepped
    assert taken == (4, 0)
    assert [(each.flight, each.rows) for each in again] == [(None, 4), (None, 4)]
    assert not bucket.step_down()
    assert bucket.active == again


def test_a_pair_is_let_past_only_so_often() -> None:
    singles, pairs = call(), call()
    bucket = Bucket(KEY, Rungs((2,)))
    bucket.add(row(singles, cost=1))
    bucket.admit()
    pair = row(pairs, cost=2)
    bucket.add(pair)
    passes = 0
    bucket.add(row(singles, cost=1))
    while pair not in bucket.admit():
        passes += 1
        bucket.leave(bucket.active[0])
        bucket.add(row(singles, cost=1))

    assert 1 < passes < 40


def test_buckets_take_turns() -> None:
    batcher = Batcher()
    caller = call()
    for size in (64, 128):
        batcher.add(Key("tiny", size, size), Rungs((4,)), row(caller))

    chosen = [batcher.choose() for _ in range(4 * TURN_TICKS)]

    sizes = [bucket.key.width for bucket in chosen if bucket is not None]
    assert sizes == ([64] * TURN_TICKS + [128] * TURN_TICKS) * 2


def test_a_dropped_call_frees_its_slots_and_leaves_the_others() -> None:
    gone, staying = call(), call()
    bucket = Bucket(KEY, Rungs((4,)))
    kept = row(staying)
    for each in (row(gone), kept, row(gone), row(gone)):
        bucket.add(each)
    bucket.admit()

    bucket.drop(gone)

    assert bucket.active == [kept]
    assert bucket.admit() == []
    assert bucket.taken == 2


def test_nothing_to_do_is_none() -> None:
    assert Batcher().choose() is None


def test_a_batch_holds_at_least_a_pair() -> None:
    with pytest.raises(ValueError, match="at least 2"):
        Bucket(KEY, Rungs((1,)))


def test_policy_is_free_of_torch() -> None:
    code = "import sys, worker.engine.batcher, worker.backends.local; print('torch' in sys.modules)"

    said = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=60).stdout

    assert said.strip() == "False"


def test_a_callers_own_row_of_one_slot_takes_the_one_that_is_free() -> None:
    caller, bucket = call(), Bucket(KEY, Rungs((3,)))
    long, longer, short = row(caller, evaluations=30), row(caller, evaluations=40), row(caller, cost=1, evaluations=5)
    for each in (long, longer, short):
        bucket.add(each)

    bucket.admit()

    assert bucket.active == [longer, short]


def test_rows_of_one_caller_leave_few_slots_empty() -> None:
    draw, caller = random.Random(3), call()
    bucket, used, left = Bucket(KEY, Rungs((16,))), [], dict[Row, int]()
    coming = [row(caller, cost=draw.choice((1, 2, 2, 2)), evaluations=draw.randint(3, 50)) for _ in range(1000)]
    while coming or left:
        while coming and len(left) < 32:  # what a backend takes in ahead
            left[coming[-1]] = coming[-1].evaluations
            bucket.add(coming.pop())
        bucket.admit()
        used.append(bucket.taken)
        for active in list(bucket.active):
            left[active] -= 1
            if not left[active]:
                del left[active]
                bucket.leave(active)

    assert sum(used) / (16 * len(used)) > 0.985
