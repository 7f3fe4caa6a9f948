"""Many workers, crashes, late writers and people at the controls, in any order, over three jobs of two callers.

A model beside the real ledger says what may be true; hypothesis looks for an order of events that breaks it.
"""

import json
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, multiple, rule

from jobs.ledger.book import Book
from jobs.ledger.leasing import Leasing
from jobs.ledger.reading import job_view
from jobs.ledger.views import JobView, Lease, Selection
from jobs.state import Lane, State
from tests.ledger.conftest import Clock, Desk

COUNT = 24
JOBS = ("job-1", "job-2", "job-3")
CALLERS = dict(zip(JOBS, ("ann", "ann", "bob"), strict=True))
LANES = dict(zip(JOBS, (Lane.NORMAL, Lane.BACKGROUND, Lane.NORMAL), strict=True))
CAUSES = ("bad_image", "unreachable", "poison")
ORDER = tuple(Lane)
LOADED: tuple[tuple[str, ...], ...] = ((), ("tiny",), ("another",))


@dataclass(frozen=True, slots=True)
class Look:
    """A job as Redis holds it. bits: settled, refused. live: members of `leases`. runnable: listed in any lane."""

    view: JobView
    epoch: int
    leases: list[dict[str, Any]]
    bits: tuple[int, int]
    live: int
    runnable: bool


class Storm(RuleBasedStateMachine):
    """Three jobs of COUNT variants, any number of workers. `client` is set by whoever runs it."""

    client: ClassVar[Any]
    held = Bundle("held")

    @initialize()
    def accept(self) -> None:
        self.client.flushall()
        clock = Clock()
        book = Book(self.client, now=clock)
        self.ledger = Desk(book, Leasing(book), clock)
        self.settled: dict[str, set[int]] = {job: set() for job in JOBS}
        self.refused: dict[str, dict[int, str]] = {job: {} for job in JOBS}
        self.seen: dict[str, Look] = {}
        for job in JOBS:
            limit = 6 if job == "job-3" else None
            assert self.ledger.ready(COUNT, span=6, caller=CALLERS[job], lane=LANES[job], max_failures=limit) == job

    @rule(
        target=held, chunk=st.integers(1, 8), alone=st.booleans(), urgent=st.booleans(), loaded=st.sampled_from(LOADED)
    )
    def lease(self, chunk: int, alone: bool, urgent: bool, loaded: tuple[str, ...]) -> object:
        before = {job: self.view(job) for job in JOBS}
        lease = self.ledger.ask(chunk=chunk, alone=alone, urgent_only=urgent, loaded=loaded)
        if not isinstance(lease, Lease):
            return multiple()
        view = before[lease.job]
        assert view.state in {State.QUEUED, State.RUNNING}, "a lease was given to a job that stands still"
        assert alone or not lease.alone, "a suspect was given to a busy process"
        assert view.lane == Lane.URGENT or not urgent, "the urgent place was given away"
        for other in before.values():
            waits = other.state in {State.QUEUED, State.RUNNING} and other.cursor < other.total
            assert not (waits and ORDER.index(other.lane) < ORDER.index(view.lane)), "a lower lane went first"
        return lease

    @rule(lease=held, places=st.sets(st.integers(0, 7)))
    def settle(self, lease: Lease, places: set[int]) -> None:
        indexes = sorted(lease.start + place for place in places if lease.start + place < lease.stop)
        allowed = not self.view(lease.job).state.terminal and lease.epoch == self.epoch(lease.job)
        known = self.settled[lease.job] | self.refused[lease.job].keys()
        new = set(indexes) - known if allowed else set()
        assert self.ledger.leasing.settle(lease, indexes) == len(new)
        self.settled[lease.job] |= new

    @rule(lease=held, place=st.integers(0, 7), cause=st.sampled_from(CAUSES[:2]))
    def refuse(self, lease: Lease, place: int, cause: str) -> None:
        index = lease.start + place
        if index >= lease.stop:
            return
        if self.ledger.leasing.refuse(lease, index, code=cause, message="no"):
            assert index not in self.settled[lease.job] | self.refused[lease.job].keys(), "an outcome was told twice"
            self.refused[lease.job][index] = cause

    @rule(lease=consumes(held), delay=st.sampled_from([0, 0, 40]))
    def release(self, lease: Lease, delay: int) -> None:
        known = self.settled[lease.job] | self.refused[lease.job].keys()
        gives = [(i, i + 1) for i in range(lease.start, lease.stop) if i not in known]
        self.ledger.release(lease, *gives, delay=delay)

    @rule(lease=consumes(held))
    def forget(self, lease: Lease) -> None:
        """A worker that releases without saying what is open."""
        self.ledger.release(lease)

    @rule(lease=held, places=st.sets(st.integers(0, 7), max_size=3))
    def beat(self, lease: Lease, places: set[int]) -> None:
        flight = [lease.start + place for place in places if lease.start + place < lease.stop]
        self.ledger.leasing.beat(lease, in_flight=flight, lease_seconds=30, max_age_seconds=300)

    @rule(seconds=st.sampled_from([1, 31, 400]))
    def time_passes(self, seconds: int) -> None:
        self.ledger.clock.now += seconds

    @rule()
    def reap(self) -> None:
        before = {job: self.view(job).refused for job in JOBS}
        self.ledger.leasing.reap()
        for job in JOBS:
            if self.ledger.book.describe(job).refused != before[job]:
                done = self.ledger.book.done_after(job, 0, COUNT)
                found = self.ledger.book.refused(job, done)
                self.refused[job] = {index: self.refused[job].get(index, "poison") for index in found}

    @rule(job=st.sampled_from(JOBS), verb=st.sampled_from(["pause", "resume", "resume", "cancel"]))
    def control(self, job: str, verb: str) -> None:
        getattr(self.ledger.book, verb)(job, caller=CALLERS[job])

    @rule(job=st.sampled_from(JOBS), lane=st.sampled_from(ORDER))
    def move(self, job: str, lane: Lane) -> None:
        self.ledger.book.prioritise(job, lane, caller=CALLERS[job])

    @rule(
        job=st.sampled_from(JOBS),
        causes=st.sets(st.sampled_from(CAUSES), max_size=2),
        span=st.none() | st.tuples(st.integers(0, COUNT - 1), st.integers(1, COUNT)),
    )
    def retry(self, job: str, causes: set[str], span: tuple[int, int] | None) -> None:
        state = self.view(job).state
        ranges = () if span is None else ((span[0], span[0] + span[1]),)
        self.ledger.book.retry(job, caller=CALLERS[job], among=Selection(causes=tuple(causes), ranges=ranges))
        if state in {State.PARTIAL, State.FAILED}:
            kept = {
                index: cause
                for index, cause in self.refused[job].items()
                if (causes and cause not in causes) or (ranges and not ranges[0][0] <= index < ranges[0][1])
            }
            self.refused[job] = kept

    @invariant()
    def the_books_balance(self) -> None:
        self.seen = self._look()
        assert {state: count for state, count in self.states.items() if count} == Counter(
            str(look.view.state) for look in self.seen.values()
        )
        for job in JOBS:
            look, settled, refused = self.seen[job], self.settled[job], self.refused[job]
            view = look.view
            assert (view.settled, look.bits[0]) == (len(settled), len(settled))
            assert (view.refused, look.bits[1]) == (len(refused), len(refused))
            assert sum(view.causes.values()) == len(refused)
            assert not settled & refused.keys()
            assert len(settled) + len(refused) <= COUNT
            spans = sorted((int(lease["a"]), int(lease["z"])) for lease in look.leases)
            assert all(before[1] <= after[0] for before, after in pairwise(spans)), "two live leases overlap"
            if len(settled) + len(refused) == COUNT:
                assert view.state.terminal
            if view.state.terminal:
                assert view.leased == view.waiting == look.live == 0
                assert not look.runnable

    def _look(self) -> dict[str, Look]:
        """Everything about every job, in one trip."""
        keys, found = self.ledger.book.keys, {}
        with self.client.pipeline(transaction=True) as pipe:
            pipe.hgetall("pm:states").zrange("pm:leases", 0, -1)
            for job in JOBS:
                pipe.hgetall(keys.job(job)).hgetall(keys.job(job, "causes"))
                pipe.hvals(keys.job(job, "lease")).zrange(keys.job(job, "retry"), 0, -1)
                pipe.bitcount(keys.job(job, "settled")).bitcount(keys.job(job, "refused"))
                for lane in ORDER:
                    pipe.zscore(f"pm:runnable:{lane}:{CALLERS[job]}", job)
            states, live, *rows = pipe.execute()
        self.states = {state: int(count) for state, count in states.items()}
        size = 6 + len(ORDER)
        for number, job in enumerate(JOBS):
            fields, causes, leases, retry, settled, refused, *scores = rows[number * size : (number + 1) * size]
            found[job] = Look(
                view=job_view(job, fields, causes, leases, retry),
                epoch=int(fields["epoch"]),
                leases=[json.loads(lease) for lease in leases],
                bits=(settled, refused),
                live=sum(member.startswith(f"{job} ") for member in live),
                runnable=any(score is not None for score in scores),
            )
        return found

    def view(self, job: str) -> JobView:
        """As it was after the last step."""
        return self.seen[job].view

    def epoch(self, job: str) -> int:
        return self.seen[job].epoch

    def teardown(self) -> None:
        """Whatever happened: a willing worker brings every job to its end."""
        if not hasattr(self, "ledger"):
            return
        for job in JOBS:
            self.ledger.book.resume(job, caller=CALLERS[job])
        for _ in range(300):
            if all(look.view.state.terminal for look in self._look().values()):
                return
            self.ledger.clock.now += 31
            self.ledger.leasing.reap()
            lease = self.ledger.ask(chunk=8)
            if isinstance(lease, Lease):
                self.ledger.leasing.settle(lease, range(lease.start, lease.stop))
                self.ledger.release(lease)
        raise AssertionError(f"it never ended: {self._look()}")
