"""Many workers, crashes, late writers and people at the controls, in any order: the books always balance.

A model beside the real ledger says what may be true; hypothesis looks for an order of events that breaks it.
"""

import json
from typing import ClassVar

import pytest
import redis
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from jobs.ledger.book import Book
from jobs.ledger.leasing import Leasing
from jobs.ledger.views import Lease
from jobs.state import State
from tests.ledger.conftest import Clock, Desk

COUNT = 24


class Storm(RuleBasedStateMachine):
    """One job of COUNT variants, any number of workers."""

    url: ClassVar[str]
    held = Bundle("held")

    @initialize()
    def accept(self) -> None:
        client = redis.Redis.from_url(self.url, decode_responses=True)
        client.flushall()
        clock = Clock()
        book = Book(client, now=clock)
        self.ledger = Desk(book, Leasing(book), clock)
        self.job = self.ledger.ready(COUNT, span=6)
        self.settled: set[int] = set()
        self.refused: set[int] = set()
        self.closed = False

    @rule(target=held, chunk=st.integers(1, 8))
    def lease(self, chunk: int) -> object:
        lease = self.ledger.ask(chunk=chunk)
        if not isinstance(lease, Lease):
            return multiple()
        assert self.state not in {State.PAUSED, State.CANCELLED}, "a lease was given to a job that stands still"
        return lease

    @rule(lease=held, places=st.sets(st.integers(0, 7)))
    def settle(self, lease: Lease, places: set[int]) -> None:
        indexes = sorted(lease.start + place for place in places if lease.start + place < lease.stop)
        allowed = not self.state.terminal and lease.epoch == self.epoch
        fresh = self.ledger.leasing.settle(lease, indexes)
        new = {index for index in indexes if index not in self.settled | self.refused} if allowed else set()
        assert fresh == len(new)
        self.settled |= new

    @rule(lease=held, place=st.integers(0, 7))
    def refuse(self, lease: Lease, place: int) -> None:
        if lease.start + place >= lease.stop:
            return
        index = lease.start + place
        if self.ledger.leasing.refuse(lease, index, code="bad_image", message="no"):
            assert index not in self.settled | self.refused, "an outcome was recorded twice"
            self.refused.add(index)

    @rule(lease=consumes(held))
    def release(self, lease: Lease) -> None:
        gives = [(i, i + 1) for i in range(lease.start, lease.stop) if i not in self.settled | self.refused]
        self.ledger.release(lease, *gives)

    @rule(lease=consumes(held))
    def forget(self, lease: Lease) -> None:
        """A worker that releases without saying what is open."""
        self.ledger.release(lease)

    @rule(lease=held, places=st.sets(st.integers(0, 7), max_size=3))
    def beat(self, lease: Lease, places: set[int]) -> None:
        flight = [lease.start + place for place in places]
        self.ledger.leasing.beat(lease, in_flight=flight, lease_seconds=30, max_age_seconds=300)

    @rule(seconds=st.sampled_from([1, 31, 400]))
    def time_passes(self, seconds: int) -> None:
        self.ledger.clock.now += seconds

    @rule()
    def reap(self) -> None:
        before = self.ledger.book.describe(self.job).refused
        self.ledger.leasing.reap()
        if self.ledger.book.describe(self.job).refused != before:
            done = self.ledger.book.done_after(self.job, 0, COUNT)
            self.refused = set(self.ledger.book.refused(self.job, done))

    @rule(verb=st.sampled_from(["pause", "resume", "resume", "retry", "cancel"]))
    def control(self, verb: str) -> None:
        reopens = verb == "retry" and self.state in {State.PARTIAL, State.FAILED}
        getattr(self.ledger.book, verb)(self.job, caller="ann")
        if reopens:
            self.refused = set()

    @property
    def state(self) -> State:
        return self.ledger.book.describe(self.job).state

    @property
    def epoch(self) -> int:
        return int(self.ledger.book.redis.hget(f"pm:job:{self.job}", "epoch"))

    @invariant()
    def the_books_balance(self) -> None:
        view = self.ledger.book.describe(self.job)
        bits = {name: self.ledger.book.redis.bitcount(f"pm:job:{self.job}:{name}") for name in ("settled", "refused")}
        assert (view.settled, bits["settled"]) == (len(self.settled), len(self.settled))
        assert (view.refused, bits["refused"]) == (len(self.refused), len(self.refused))
        assert not self.settled & self.refused
        assert view.settled + view.refused <= COUNT
        if view.settled + view.refused == COUNT:
            assert view.state.terminal
        if view.state.terminal:
            assert view.leased == 0
            assert self.ledger.book.redis.zcard("pm:leases") == 0
            assert self.ledger.book.redis.exists("pm:runnable:normal") == 0

    @invariant()
    def live_leases_are_disjoint(self) -> None:
        held = [tuple(map(int, (lease["a"], lease["z"]))) for lease in self._leases()]
        for a, z in held:
            assert sum(1 for b, y in held if b < z and a < y) == 1

    def _leases(self) -> list[dict[str, int]]:
        return [json.loads(text) for text in self.ledger.book.redis.hvals(f"pm:job:{self.job}:lease")]

    def teardown(self) -> None:
        """Whatever happened: a willing worker brings the job to its end."""
        if not hasattr(self, "ledger"):
            return
        self.ledger.book.resume(self.job, caller="ann")
        for _ in range(200):
            if self.state.terminal:
                break
            self.ledger.clock.now += 31
            self.ledger.leasing.reap()
            lease = self.ledger.ask(chunk=8)
            if isinstance(lease, Lease):
                self.ledger.leasing.settle(lease, range(lease.start, lease.stop))
                self.ledger.release(lease)
        assert self.state.terminal


@pytest.mark.timeout(300)
def test_no_order_of_events_unbalances_the_books(redis_url: str) -> None:
    Storm.url = redis_url
    run_state_machine_as_test(
        Storm,
        settings=settings(
            max_examples=200,
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            print_blob=True,
        ),
    )
