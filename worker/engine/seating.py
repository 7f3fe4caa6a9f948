"""The batches of all buckets: made when a row first needs one, and kept for a while after the last has left.

A CUDA graph is captured by four steps, which a lone interactive variant would otherwise pay each time anew. What rests
goes with its model, with three others that rest later, and before anything else where memory is short.
"""

from collections import OrderedDict
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from jobs.variant import WeightedLora
from worker.engine.batch import Batch, Shape
from worker.engine.batcher import Bucket, Key
from worker.engine.launch import Launcher

_RESTING = 4
"""Batches of one model; their graphs share memory, what is their own (texts, their keys) is some 100 MB for SDXL."""

Place = tuple[Shape, tuple[WeightedLora, ...], int]
"""What a batch was made for: the shape, the LoRAs that were worn, the rows."""


@dataclass(frozen=True, slots=True, eq=False)
class _Seated:
    batch: Batch
    launcher: Launcher
    place: Place


class Seating:
    """For the device's thread. free: as `Batch`."""

    def __init__(self, *, free: bool = False) -> None:
        """Nobody sits anywhere."""
        self._free = free
        self._seated: dict[Key, _Seated] = {}
        self._resting: WeakKeyDictionary[Launcher, OrderedDict[Place, Batch]] = WeakKeyDictionary()

    def batch(self, bucket: Bucket, launcher: Launcher) -> Batch:
        """The batch of a bucket: its own, one that rests, or a new one. `launcher`'s LoRAs are worn."""
        seated = self._seated.get(bucket.key)
        if seated is None:
            key = bucket.key
            place = (Shape(key.width, key.height, key.pieces), key.loras, bucket.capacity)
            rested = self._resting.get(launcher, OrderedDict()).pop(place, None)
            batch = rested or Batch(launcher.model, bucket.capacity, place[0], free=self._free)
            seated = self._seated[key] = _Seated(batch, launcher, place)
        return seated.batch

    def rest(self, bucket: Bucket) -> None:
        """A bucket is empty."""
        seated = self._seated.pop(bucket.key, None)
        if seated is not None:
            resting = self._resting.setdefault(seated.launcher, OrderedDict())
            resting[seated.place] = seated.batch
            if len(resting) > _RESTING:
                resting.popitem(last=False)

    def drop(self, bucket: Bucket) -> None:
        """A bucket begins anew with fewer rows."""
        self._seated.pop(bucket.key, None)

    def wake(self) -> bool:
        """Let go of all that rests; whether there was anything."""
        found = any(self._resting.values())
        self._resting.clear()
        return found

    def clear(self) -> None:
        """The device's thread ends."""
        self._seated.clear()
        self._resting.clear()
