"""A sweep asks for the same init image hundreds of times, from several threads at once; it is made only once."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class OnceCache(Generic[Key, Value]):
    """Values by key, least recently used out first, at most `max_bytes` of them as `weigh` tells.

    Threads that ask for a key while it is being made wait for that one making. An error reaches everyone who waited,
    and is forgotten: the next to ask tries again.
    """

    def __init__(self, max_bytes: int, weigh: Callable[[Value], int]) -> None:
        self._max_bytes = max_bytes
        self._weigh = weigh
        self._lock = threading.Lock()
        self._kept: OrderedDict[Key, tuple[Value, int]] = OrderedDict()
        self._making: dict[Key, Future[Value]] = {}
        self._bytes = 0

    def get(self, key: Key, make: Callable[[], Value]) -> Value:
        """The value of `key`, by `make()` where nobody has made it yet.

        Raises:
            whatever `make` raises.

        """
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key][0]
            others = self._making.get(key)
            mine: Future[Value] = Future()
            if others is None:
                self._making[key] = mine
        return others.result() if others is not None else self._make(key, make, mine)

    def _make(self, key: Key, make: Callable[[], Value], mine: Future[Value]) -> Value:
        try:
            value = make()
        except BaseException as error:
            with self._lock:
                del self._making[key]
            mine.set_exception(error)
            raise
        with self._lock:
            self._keep(key, value)
            del self._making[key]
        mine.set_result(value)
        return value

    def _keep(self, key: Key, value: Value) -> None:
        size = self._weigh(value)
        if size > self._max_bytes:
            return
        self._kept[key] = (value, size)
        self._bytes += size
        while self._bytes > self._max_bytes:
            _, (_, freed) = self._kept.popitem(last=False)
            self._bytes -= freed
