"""How fast pictures were made here, as measured by their settles: what a plan's estimate stands on.

`speed:{model}` (hash): for each size `WxH`, `WxH seconds` of the device and `WxH steps` that were run in them, over the
last work only: both are halved whenever `RECENT_STEPS` are full, so that a faster card shows within a few jobs.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from jobs.ledger.book import Book
from jobs.ledger.scripts import speaking_to_redis

RECENT_STEPS = 20_000.0


@dataclass(frozen=True, slots=True)
class Work:
    """Pictures of one model and size. seconds: of the device. steps: that were run, of all of them together."""

    model: str
    width: int
    height: int
    seconds: float
    steps: int


class Speeds:
    """Measured speeds, by model and size. Thread-safe."""

    def __init__(self, book: Book) -> None:
        self._book = book

    def add(self, works: Iterable[Work]) -> None:
        """Count work that was done.

        Raises:
            LedgerUnavailable: Redis does not answer.

        """
        sums: dict[tuple[str, str], tuple[float, int]] = {}
        for work in works:
            if work.seconds <= 0 or work.steps <= 0:
                continue  # found stored, or nothing to do: says nothing about speed
            key = (work.model, f"{work.width}x{work.height}")
            seconds, steps = sums.get(key, (0.0, 0))
            sums[key] = (seconds + work.seconds, steps + work.steps)
        for (model, size), (seconds, steps) in sums.items():
            with speaking_to_redis():
                name = self._book.keys.named(f"speed:{model}")
                self._book.redis.hincrbyfloat(name, f"{size} seconds", seconds)
                total = float(self._book.redis.hincrbyfloat(name, f"{size} steps", steps))
                if total > RECENT_STEPS:
                    whole = float(self._book.redis.hget(name, f"{size} seconds") or 0)
                    halves = {f"{size} seconds": repr(whole / 2), f"{size} steps": repr(total / 2)}
                    self._book.redis.hset(name, mapping=halves)

    def seconds_a_step(self, model: str) -> Mapping[tuple[int, int], float]:
        """Device seconds for one step of one picture, by (width, height); empty where nothing was measured.

        Raises:
            LedgerUnavailable: Redis does not answer.

        """
        with speaking_to_redis():
            fields: dict[str, str] = self._book.redis.hgetall(self._book.keys.named(f"speed:{model}"))
        found: dict[tuple[int, int], float] = {}
        for name, value in fields.items():
            size, _, what = name.partition(" ")
            steps = float(fields.get(f"{size} steps", 0))
            if what == "seconds" and steps > 0:
                width, _, height = size.partition("x")
                found[int(width), int(height)] = float(value) / steps
        return found
