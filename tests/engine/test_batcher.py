"""Who computes next, checked on plain numbers: no torch, no clock."""

import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engine.orders import order
from worker.backends.call import Call
from worker.engine.batcher import TURN_TICKS, Batcher, Bucket, Key
from worker.engine.row import Row

KEY = Key("tiny", 64, 64)


def call() -> Call:
    """A caller."""
    return Call(lambda _: None, room=1)


def row(caller: Call, *, cost: int = 2, evaluations: int = 10, index: int = 0) -> Row:
    """A row that only the policy looks at."""
    return Row(order(index), caller, cost, evaluations)


def run_to_end(bucket: Bucket) -> list[list[Row]]:
    """Compute until nothing is left; the rows of each step."""
    left: dict[Row, int] = {}
    steps = []
    while bucket.busy:
        for admitted in bucket.admit():
            left[admitted] = admitted.evaluations
        steps.append(list(bucket.active))
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
    bucket = Bucket(KEY, capacity)
    waiting = [row(callers[caller], cost=cost, evaluations=evaluations) for caller, cost, evaluations in rows]
    for each in waiting:
        bucket.add(each)

    steps = run_to_end(bucket)

    for active in steps:
        slots = [slot for each in active for slot in each.slots]
        assert len(slots) == len(set(slots))
        assert all(0 <= slot < capacity for slot in slots)
        assert all(len(each.slots) == each.cost for each in active)
    for each in waiting:
        assert sum(each in active for active in steps) == each.evaluations
    assert bucket.taken == 0


def test_the_longest_goes_first_and_shortens_the_tail() -> None:
    caller = call()
    bucket = Bucket(KEY, 4)
    for evaluations in (3, 3, 3, 9):
        bucket.add(row(caller, evaluations=evaluations))

    steps = run_to_end(bucket)

    assert len(steps) == 9


def test_a_short_row_is_not_overtaken_for_ever() -> None:
    caller = call()
    bucket = Bucket(KEY, 2)
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
    bucket = Bucket(KEY, 4)
    for _ in range(20):
        bucket.add(row(crowd, evaluations=50))
    bucket.admit()
    lone = row(guest, evaluations=2)
    bucket.add(lone)

    bucket.leave(bucket.active[0])
    admitted = bucket.admit()

    assert admitted == [lone]


def test_a_pair_is_let_past_only_so_often() -> None:
    singles, pairs = call(), call()
    bucket = Bucket(KEY, 2)
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
        batcher.add(Key("tiny", size, size), 4, row(caller))

    chosen = [batcher.choose() for _ in range(4 * TURN_TICKS)]

    sizes = [bucket.key.width for bucket in chosen if bucket is not None]
    assert sizes == ([64] * TURN_TICKS + [128] * TURN_TICKS) * 2


def test_a_dropped_call_frees_its_slots_and_leaves_the_others() -> None:
    gone, staying = call(), call()
    bucket = Bucket(KEY, 4)
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
        Bucket(KEY, 1)


def test_policy_is_free_of_torch() -> None:
    code = "import sys, worker.engine.batcher, worker.backends.local; print('torch' in sys.modules)"

    said = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=60).stdout

    assert said.strip() == "False"
