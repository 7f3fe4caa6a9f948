"""A bounded memory of what is costly to compute again: encoded texts and pictures recur all over a sweep."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Memo(Generic[K, V]):
    """The `size` values used last. For one thread."""

    def __init__(self, size: int) -> None:
        """`size`: how many values are kept, at least 1."""
        self._size = size
        self._values: OrderedDict[K, V] = OrderedDict()

    def get(self, key: K, make: Callable[[K], V]) -> V:
        """The value for `key`, made where it isn't known; what `make` raises is raised and not remembered."""
        if key in self._values:
            self._values.move_to_end(key)
            return self._values[key]
        value = self._values[key] = make(key)
        if len(self._values) > self._size:
            self._values.popitem(last=False)
        return value
