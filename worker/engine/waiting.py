"""The rows of one caller that wait for slots: the best of all, and the best that fits where room is short."""

import heapq
from collections.abc import Iterator
from math import inf

from worker.engine.row import Row


class Waiting:
    """A heap for each cost, because what fits is asked for by cost. Never asked for a row while it holds none."""

    def __init__(self) -> None:
        """Nobody waits."""
        self._heaps: dict[int, list[tuple[int, int, Row]]] = {}

    def __iter__(self) -> Iterator[Row]:
        """All of them, in no order."""
        return (row for heap in self._heaps.values() for _, _, row in heap)

    def __bool__(self) -> bool:
        """Whether anybody waits."""
        return bool(self._heaps)

    def add(self, row: Row, *, rank: int, arrival: int) -> None:
        """Let a row wait; the lowest rank goes first, and among equals who arrived first."""
        heapq.heappush(self._heaps.setdefault(row.cost, []), (rank, arrival, row))

    @property
    def best(self) -> Row:
        """The one that is to go first."""
        return self._heaps[self._cost()][0][2]

    @property
    def since(self) -> int:
        """When that one arrived."""
        return self._heaps[self._cost()][0][1]

    def fits(self, free: int) -> bool:
        """Whether any of them costs no more than `free` slots."""
        return any(cost <= free for cost in self._heaps)

    def pop(self, free: int) -> Row:
        """Take away the one that is to go first of those that fit."""
        cost = self._cost(free)
        _, _, row = heapq.heappop(self._heaps[cost])
        if not self._heaps[cost]:
            del self._heaps[cost]
        return row

    def _cost(self, free: float = inf) -> int:
        return min((cost for cost in self._heaps if cost <= free), key=lambda cost: self._heaps[cost][0][:2])
