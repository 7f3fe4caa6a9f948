"""The sweeps of the jobs that pages look at, a few kept: a manifest is read and parsed once, not for every cell."""

import json
import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jobs.errors import Conflict, ImageNotFound
from jobs.ledger.views import JobView
from jobs.spec import parse_spec
from jobs.state import State
from jobs.storage.listing import stored_sweep
from jobs.sweep import Sweep

if TYPE_CHECKING:
    from api.desk import Desk

KEPT = 16
"""A manifest of a megabyte is some ten of them when it is parsed."""
_BITS_KEPT = 32


@dataclass(frozen=True, slots=True)
class _Stretch:
    job: str
    start: int
    stop: int


class Sweeps:
    """Sweeps by job. Thread-safe."""

    def __init__(self, desk: "Desk") -> None:
        self._desk = desk
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[str, int, int], Sweep] = OrderedDict()
        self._bits: OrderedDict[_Stretch, str] = OrderedDict()

    def of(self, view: JobView, *, caller: str) -> Sweep:
        """The sweep of a job of the caller's.

        Raises:
            Conflict: which images it has is not known: it is not planned (yet).

        """
        key = (view.id, view.total, view.count)
        with self._lock:
            if found := self._kept.get(key):
                self._kept.move_to_end(key)
                return found
        sweep = self._read(view, caller)
        with self._lock:
            self._kept[key] = sweep
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return sweep

    def holes(self, view: JobView, start: int, stop: int, *, caller: str) -> str:
        """A digit for each position `start <= p < stop`, `1` where it is excluded; see `Sweep.hole_bits`."""
        key = _Stretch(view.id, start, stop)
        with self._lock:
            if found := self._bits.get(key):
                return found
        bits = self.of(view, caller=caller).hole_bits(start, stop)
        with self._lock:
            self._bits[key] = bits
            while len(self._bits) > _BITS_KEPT:
                self._bits.popitem(last=False)
        return bits

    def _read(self, view: JobView, caller: str) -> Sweep:
        spec = parse_spec(json.loads(self._desk.manifest(view.id, caller=caller)), source=view.id)
        if spec.open and view.state is State.PLANNING:
            raise _unplanned(view)
        try:
            return stored_sweep(self._desk.storage, view.results_uri, spec)
        except ImageNotFound as missing:
            raise _unplanned(view) from missing


def _unplanned(view: JobView) -> Conflict:
    said = f"the images of the job {view.id} are not listed: it is {view.state}"
    return Conflict(said, remedy="Ask again once it is planned; `pentimento why` says what it waits for.")
