"""The latest events of one job, encoded once, from which all its watchers are served.

With two hundred watchers and as many events a second, reading and encoding for each would be forty thousand of both a
second; here it is two hundred, and a watcher costs one write of bytes that are there already.
"""

import asyncio
import json
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

from jobs.events import Event

KEPT = 2000
"""Events of one job: whoever is further behind reads the ledger."""

Place = tuple[int, int]


def place_of(event_id: str) -> Place:
    """Where an id ("1716741000000-0", or without the second part) stands among others."""
    ms, _, number = event_id.partition("-")
    return int(ms), int(number or 0)


@dataclass(frozen=True, eq=False)
class Batch:
    """Some events in order. text: as server-sent events, made once however many watchers get it."""

    events: Sequence[Event]

    @cached_property
    def text(self) -> bytes:
        """As an event stream spells them."""
        return b"".join(map(_spelled, self.events))


NOTHING = Batch(())


def _spelled(event: Event) -> bytes:
    # JSON has no line breaks, kinds are a fixed set, ids are Redis' own: nothing can break out of its line.
    data = json.dumps(dict(event.data), separators=(",", ":"))
    return f"event: {event.kind}\ndata: {data}\nid: {event.id}\n\n".encode()


@dataclass(slots=True, eq=False)
class Relay:
    """What one job's watchers share. Lives on one event loop.

    `rung` is set and replaced each time that there is more; `floor` is the place after which everything is kept, None
    until that is known.
    """

    watchers: int = 0
    rung: asyncio.Event = field(default_factory=asyncio.Event)
    poll: asyncio.Task[None] | None = None
    floor: Place | None = None
    _events: list[Event] = field(default_factory=list)
    _places: list[Place] = field(default_factory=list)
    _batches: dict[Place, Batch] = field(default_factory=dict)

    def begin(self, newest: str) -> None:
        """Everything after the event `newest` will be kept."""
        self.floor = place_of(newest)
        self.ring()

    def add(self, events: Sequence[Event]) -> None:
        """What follows, in order."""
        self._events += events
        self._places += [place_of(event.id) for event in events]
        if (over := len(self._events) - KEPT) > 0:
            self.floor = self._places[over - 1]
            del self._events[:over], self._places[:over]
        self._batches.clear()
        self.ring()

    def ring(self) -> None:
        """Wake whoever waits."""
        self.rung.set()
        self.rung = asyncio.Event()

    def after(self, event_id: str) -> Batch | None:
        """What follows an id, None where that is no longer, or not yet, known here."""
        place = place_of(event_id)
        if self.floor is None or place < self.floor:
            return None
        found = self._batches.get(place)
        if found is None:
            rest = self._events[bisect_right(self._places, place) :]
            found = self._batches[place] = Batch(rest) if rest else NOTHING
        return found
