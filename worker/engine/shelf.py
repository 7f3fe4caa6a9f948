"""The models that this process has loaded, each on first use, and as many as fit.

What is over goes in the order of last use. The device's thread holds on to a model while it has rows of it, so one that
is put away is freed when they have landed, and no row ever misses its weights. Loading happens in the thread that wants
the model, never in the device's: other models go on while a hub is slow.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable

from jobs.errors import ModelUnavailable
from jobs.models import Model
from worker.engine.launch import Loaded

_FAILURE_SECONDS = 5.0  # a lease of a thousand variants asks a thousand times; the hub is asked once


class Shelf:
    """Launchers by alias; for any number of threads."""

    def __init__(
        self, load: Callable[[Model], Loaded], *, max_bytes: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """`load` raises `ModelUnavailable`; a failure is remembered for five of `clock`'s seconds.

        max_bytes: of weights; the model that was asked for last stays, however large.
        """
        self._max_bytes = max_bytes
        self._load = load
        self._clock = clock
        self._guard = threading.Lock()
        self._locks: dict[str, threading.Lock] = {}
        self._loaded: OrderedDict[str, Loaded] = OrderedDict()
        self._failed: dict[str, tuple[float, ModelUnavailable]] = {}

    @property
    def aliases(self) -> frozenset[str]:
        """The models that lie on it now."""
        with self._guard:
            return frozenset(self._loaded)

    def get(self, model: Model) -> Loaded:
        """The model, loaded by whoever asks first while the others wait.

        Raises:
            ModelUnavailable: now, or a moment ago.

        """
        with self._guard:
            lock = self._locks.setdefault(model.alias, threading.Lock())
        with lock:
            with self._guard:
                if model.alias in self._loaded:
                    self._loaded.move_to_end(model.alias)
                    return self._loaded[model.alias]
            failed_at, failure = self._failed.get(model.alias, (0.0, None))
            if failure is not None and self._clock() - failed_at < _FAILURE_SECONDS:
                raise failure
            try:
                launcher = self._load(model)
            except ModelUnavailable as error:
                self._failed[model.alias] = (self._clock(), error)
                raise
            self._keep(model.alias, launcher)
            return launcher

    def _keep(self, alias: str, launcher: Loaded) -> None:
        with self._guard:
            self._loaded[alias] = launcher
            while len(self._loaded) > 1 and sum(one.weight_bytes for one in self._loaded.values()) > self._max_bytes:
                self._loaded.popitem(last=False)
