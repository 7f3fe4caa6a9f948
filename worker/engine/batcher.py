"""Who computes next: pure policy over numbers, without torch, clock or randomness.

A *bucket* holds the rows of one model and shape. Its batch has a fixed count of slots, pinned in the model table and
padded where empty, because a row's bits depend on the batch's size and on nothing else in it. Rows leave the moment
they are finished and waiting ones take their slots, whichever caller they come from:

- between callers, the one with the fewest slots goes first, so that a lone interactive variant doesn't queue behind
  a lease of a thousand;
- within a caller, the longest goes first, which shortens the tail; each later arrival counts one evaluation less, so
  nothing waits for more arrivals than its competitors have evaluations;
- a row that needs two slots where one is free lets single-slot rows pass, a bounded number of times;
- buckets take turns, so that no shape or model waits for another to run dry.
"""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

from worker.backends.call import Call
from worker.engine.row import Row


@dataclass(frozen=True, slots=True)
class Key:
    """What rows have to have in common to share a batch. Sizes in pixels; pieces: how long their prompts are."""

    alias: str
    width: int
    height: int
    pieces: int = 1


TURN_TICKS = 8  # batches that a bucket computes before another gets the device
_MAX_PASSES = 16  # single-slot rows that may overtake one that needs two


class Bucket:
    """The rows of one model and shape; at most `capacity` slots are taken."""

    def __init__(self, key: Key, capacity: int) -> None:
        """`capacity`: batch rows, at least 2, because guidance needs a pair."""
        if capacity < 2:
            message = f"rows: a batch needs at least 2 rows, not {capacity}"
            raise ValueError(message)
        self.key = key
        self.capacity = capacity
        self.active: list[Row] = []
        self.landed: list[Row] = []
        self._free = list(range(capacity - 1, -1, -1))
        self._waiting: dict[Call, list[tuple[int, int, Row]]] = {}
        self._arrivals = count()
        self._passes = 0

    @property
    def taken(self) -> int:
        """Slots in use."""
        return self.capacity - len(self._free)

    @property
    def busy(self) -> bool:
        """Whether anything is active or waiting."""
        return bool(self.active or self.landed or self._waiting)

    @property
    def flying(self) -> bool:
        """Whether any row has steps to go, now or as soon as it is admitted."""
        return bool(self.active or self._waiting)

    def add(self, row: Row) -> None:
        """Let a row wait."""
        arrival = next(self._arrivals)
        heapq.heappush(self._waiting.setdefault(row.call, []), (arrival - row.evaluations, arrival, row))

    def admit(self) -> list[Row]:
        """Fill the free slots from those who wait; returns the new rows, slots assigned."""
        admitted = []
        while (caller := self._next_caller()) is not None:
            queue = self._waiting[caller]
            _, _, row = heapq.heappop(queue)
            if not queue:
                del self._waiting[caller]
            row.slots = tuple(self._free.pop() for _ in range(row.cost))
            self.active.append(row)
            admitted.append(row)
        return admitted

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

    def drop(self, call: Call) -> None:
        """Forget all rows of a call."""
        self._waiting.pop(call, None)
        self.landed = [row for row in self.landed if row.call is not call]
        for row in [row for row in self.active if row.call is call]:
            self.leave(row)

    def _next_caller(self) -> Call | None:
        """Whose best waiting row goes in now: the caller with the fewest slots, None where nothing may."""
        if not self._waiting:
            return None
        held: dict[Call, int] = dict.fromkeys(self._waiting, 0)
        for row in self.active:
            if row.call in held:
                held[row.call] += row.cost
        by_share = sorted(self._waiting, key=lambda caller: (held[caller], self._waiting[caller][0][1]))
        free = len(self._free)
        head, *others = by_share
        if self._waiting[head][0][2].cost <= free:
            self._passes = 0
            return head
        if self._passes >= _MAX_PASSES:
            return None
        passing = next((caller for caller in others if self._waiting[caller][0][2].cost <= free), None)
        self._passes += passing is not None
        return passing


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

    def add(self, key: Key, capacity: int, row: Row) -> None:
        """Let a row wait in its bucket."""
        bucket = self._buckets.get(key)
        if bucket is None:
            bucket = self._buckets[key] = Bucket(key, capacity)
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
        return next(iter(self._buckets.values()))
