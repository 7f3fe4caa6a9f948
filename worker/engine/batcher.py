"""Who computes next: pure policy over numbers, without torch, clock or randomness.

A *bucket* holds the rows of one model and shape. Its batch has a fixed count of slots, pinned in the model table and
padded where empty, because a row's bits depend on the batch's size and on nothing else in it. Rows leave the moment
they are finished and waiting ones take their slots, whichever caller they come from:

- urgent callers go before the others, and among equals the one with the fewest slots, so that a lone interactive
  variant doesn't queue behind a lease of a thousand;
- where no slot is free, a row of whoever holds the most is set aside, between two steps, for an urgent caller or for
  one that has nothing yet: no bits depend on when a row computes, so it goes on later as if nothing had been;
- within a caller, the longest goes first, which shortens the tail; each later arrival counts one evaluation less, so
  nothing waits for more arrivals than its competitors have evaluations;
- a row that needs two slots where one is free lets single-slot rows pass, a bounded number of times;
- buckets take turns, so that no shape or model waits for another to run dry; while some hold urgent rows, only those.

Where memory is short a bucket steps down to the next of its pinned rungs until it runs empty. The count of rows decides
bits, so rows that had begun begin anew, and each says at the end on which rung it was computed.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

from jobs.variant import WeightedLora
from worker.backends import Rung
from worker.backends.call import Call
from worker.engine.row import Row
from worker.engine.waiting import Waiting


@dataclass(frozen=True, slots=True)
class Key:
    """What rows have to have in common to share a batch. Sizes in pixels; pieces: how long their prompts are.

    group: what else has to be equal where a model is run by whole pipeline calls.
    """

    alias: str
    width: int
    height: int
    pieces: int = 1
    loras: tuple[WeightedLora, ...] = ()
    group: tuple[object, ...] = ()


@dataclass(frozen=True, slots=True)
class Rungs:
    """Pinned ladders, widest first: batch rows of a step, pictures of a decoding.

    least: rows that a batch must have; guidance needs a pair where rows are stepped.
    """

    steps: tuple[int, ...]
    decodes: tuple[int, ...] = (1,)
    least: int = 2


TURN_TICKS = 8  # batches that a bucket computes before another gets the device
_BEGUN = 1 << 40  # more than any evaluations
_MAX_PASSES = 16  # single-slot rows that may overtake one that needs two


class Bucket:
    """The rows of one model and shape; at most `capacity` slots are taken."""

    def __init__(self, key: Key, rungs: Rungs) -> None:
        """Starts on the widest rung."""
        if min(rungs.steps) < rungs.least:
            message = f"rows: a batch needs at least {rungs.least} rows, not {min(rungs.steps)}"
            raise ValueError(message)
        self.key = key
        self.active: list[Row] = []
        self.landed: list[Row] = []
        self._rungs = rungs
        self._rung = self._decode_rung = 0
        self._free = list(range(self.capacity - 1, -1, -1))
        self._waiting: dict[Call, Waiting] = {}
        self._arrivals = count()
        self._passes = 0

    @property
    def capacity(self) -> int:
        """Batch rows of a step, on the rung where the bucket stands."""
        return self._rungs.steps[self._rung]

    @property
    def decode_rows(self) -> int:
        """Pictures decoded at once, likewise."""
        return self._rungs.decodes[self._decode_rung]

    def rung_of(self, row: Row) -> Rung | None:
        """Where a row that is decoded now was computed, None where that is as it was pinned."""
        pinned = Rung(self._rungs.steps[0], self._rungs.decodes[0])
        found = Rung(row.rows or pinned.rows, self.decode_rows)
        return None if found == pinned else found

    @property
    def taken(self) -> int:
        """Slots in use."""
        return self.capacity - len(self._free)

    @property
    def busy(self) -> bool:
        """Whether anything is active or waiting."""
        return bool(self.active or self.landed or self._waiting)

    @property
    def urgent(self) -> bool:
        """Whether anybody in here is in a hurry."""
        waiting = (self._waiting[caller].best for caller in self._waiting)
        return any(row.urgent for rows in (self.active, self.landed, waiting) for row in rows)

    @property
    def flying(self) -> bool:
        """Whether any row has steps to go, now or as soon as it is admitted."""
        return bool(self.active or self._waiting)

    def add(self, row: Row) -> None:
        """Let a row wait; before the others of its caller, where it has begun already."""
        arrival = next(self._arrivals)
        rank = -_BEGUN if row.flight else arrival - row.evaluations
        self._waiting.setdefault(row.call, Waiting()).add(row, rank=rank, arrival=arrival)

    def admit(self) -> list[Row]:
        """Fill the slots from those who wait; returns the new rows, slots assigned. One set aside has its flight."""
        admitted = []
        while (caller := self._next_caller()) is not None:
            queue = self._waiting[caller]
            row = queue.pop(len(self._free))
            if not queue:
                del self._waiting[caller]
            row.slots = tuple(self._free.pop() for _ in range(row.cost))
            row.rows = self.capacity if row.cost else 0
            self.active.append(row)
            admitted.append(row)
        return admitted

    def step_down(self) -> bool:
        """Take the next rung; active rows wait again, and all begin anew. False on the last rung: nothing changes."""
        if self._rung + 1 == len(self._rungs.steps):
            return False
        begun = [*self.active, *(row for queue in self._waiting.values() for row in queue if row.flight)]
        for row in begun:
            row.flight = None
        for row in list(self.active):
            self.leave(row)
            self.add(row)
        self._rung += 1
        self._free = list(range(self.capacity - 1, -1, -1))
        return True

    def decode_fewer(self) -> bool:
        """Take the next rung of decoding; what has landed stays so. False on the last one."""
        if self._decode_rung + 1 == len(self._rungs.decodes):
            return False
        self._decode_rung += 1
        return True

    def land(self, row: Row) -> None:
        """Free the slots of an active row whose steps are done; it waits to be decoded with others."""
        self.leave(row)
        self.landed.append(row)

    def leave(self, row: Row) -> None:
        """Forget an active row and free its slots, or a landed one."""
        if row in self.landed:
            self.landed.remove(row)
            return
        self.active.remove(row)
        self._free.extend(reversed(row.slots))
        row.slots = ()

    def drop(self, call: Call) -> None:
        """Forget all rows of a call."""
        self._waiting.pop(call, None)
        self.landed = [row for row in self.landed if row.call is not call]
        for row in [row for row in self.active if row.call is call]:
            self.leave(row)

    def _next_caller(self) -> Call | None:
        """Whose best waiting row goes in now: urgent ones, then who holds the fewest slots; None where nothing may."""
        if not self._waiting:
            return None
        held: dict[Call, int] = dict.fromkeys(self._waiting, 0)
        for row in self.active:
            held[row.call] = held.get(row.call, 0) + row.cost
        by_share = sorted(
            self._waiting,
            key=lambda caller: (not self._waiting[caller].best.urgent, held[caller], self._waiting[caller].since),
        )
        head = by_share[0]
        wanted = self._waiting[head].best.cost
        if wanted <= len(self._free) or self._set_aside(head, held):
            self._passes = 0
            return head
        if self._passes >= _MAX_PASSES:
            return None
        passing = next((caller for caller in by_share if self._waiting[caller].fits(len(self._free))), None)
        self._passes += passing is not None
        return passing

    def _set_aside(self, caller: Call, held: dict[Call, int]) -> bool:
        """Make room for a caller's best row from those who hold the most; False where that would be unfair or in vain.

        An urgent caller may have any slot of those who are not. Another one may have its first from whoever keeps as
        many as it then has: so nobody is set aside for ever, and no two take turns at it.
        """
        wanted = self._waiting[caller].best
        if held[caller] and not wanted.urgent:
            return False
        missing, leaving = wanted.cost - len(self._free), []
        left = dict(held)
        for row in sorted(self.active, key=lambda row: -held[row.call]):
            if missing <= 0:
                break
            if row.urgent or not row.cost or (not wanted.urgent and left[row.call] - row.cost < wanted.cost):
                continue
            left[row.call] -= row.cost
            missing -= row.cost
            leaving.append(row)
        if missing > 0:
            return False
        for row in leaving:
            self.leave(row)
            self.add(row)
        return True


class Batcher:
    """All buckets, and whose turn it is."""

    def __init__(self) -> None:
        """Start empty."""
        self._buckets: dict[Key, Bucket] = {}
        self._ticks = 0

    def __iter__(self) -> Iterator[Bucket]:
        """The buckets that hold anything, the one whose turn it is first."""
        return iter(list(self._buckets.values()))

    @property
    def busy(self) -> bool:
        """Whether any bucket has something to do."""
        return any(bucket.busy for bucket in self._buckets.values())

    def add(self, key: Key, rungs: Rungs, row: Row) -> None:
        """Let a row wait in its bucket."""
        bucket = self._buckets.get(key)
        if bucket is None or not bucket.busy:  # one that ran empty has forgotten that memory was short
            bucket = self._buckets[key] = Bucket(key, rungs)
        bucket.add(row)

    def choose(self) -> Bucket | None:
        """The bucket to compute a batch of now, None where there is nothing to do."""
        for key in [key for key, bucket in self._buckets.items() if not bucket.busy]:
            del self._buckets[key]
        if not self._buckets:
            return None
        self._ticks += 1
        if self._ticks > TURN_TICKS:
            self._ticks = 1
            first = next(iter(self._buckets))
            self._buckets[first] = self._buckets.pop(first)
        first_bucket = next(iter(self._buckets.values()))
        return next((bucket for bucket in self._buckets.values() if bucket.urgent), first_bucket)
