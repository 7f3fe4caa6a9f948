"""Who makes the picture: the protocol between the main loop and whatever renders, and a registry with lazy factories.

`render` takes and gives lazy iterators. The backend pulls an order when it has room, so the sweep stays lazy and
back-pressure is free; outcomes come back in any order. An item of `orders` that is already an outcome (preparing
failed, or its picture is stored already) passes through unchanged. Several threads may call `render` at once: their
orders meet in one engine.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from threading import Event
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from jobs.errors import PentimentoError
from jobs.variant import Variant

Pixels = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Order:
    """A variant with its init image, decoded and fitted.

    pixels: uint8 RGB, shape (height, width, 3), both multiples of the model's own multiple (8 × 2ⁿ).
    image_sha256: of the init image's bytes as fetched, 64 hex digits. fingerprint: as `jobs.variant.fingerprint`.
    mask: uint8, shape (height, width): 0 is repainted, 255 kept, between them blends; None where all is repainted.
    """

    variant: Variant
    pixels: Pixels
    image_sha256: str
    fingerprint: str
    mask: Pixels | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Rendered:
    """A picture. pixels: uint8 RGB, shape (height, width, 3). seconds: device time, its share of batches."""

    order: Order
    pixels: Pixels
    seconds: float


@dataclass(frozen=True, slots=True, eq=False)
class Stored:
    """A picture that lies in storage already: nothing to render.

    linked: where, if it is another job's that this one extends; empty for its own key (a crash fell between write and
    settle). thumb: where the thumbnail of a linked one lies.
    """

    order: Order
    sha256: str
    size: int
    linked: str = ""
    thumb: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Refused:
    """No picture, and why. A retryable error is tried again later, within bounds; any other is final."""

    variant: Variant
    error: PentimentoError


Outcome = Rendered | Stored | Refused
Prepared = Order | Stored | Refused


@dataclass(frozen=True, slots=True)
class Abilities:
    """What a backend can do, as the worker announces it: aliases of the model table, canonical sampler names."""

    models: frozenset[str]
    samplers: frozenset[str]


class Backend(Protocol):
    """Makes pictures from orders."""

    @property
    def abilities(self) -> Abilities:
        """What this backend can do."""
        ...

    @property
    def device_name(self) -> str:
        """What its device calls itself; empty where that is not known, or not yet."""
        ...

    def fingerprint(self, variant: Variant, *, image_sha256: str, width: int, height: int) -> str:
        """The fingerprint that a picture of this variant will have here, at this size in pixels."""
        ...

    def render(self, orders: Iterator[Prepared], *, stop: Event, on_step: Callable[[int], None]) -> Iterator[Outcome]:
        """Outcomes for `orders`, in any order, each exactly once, until all are out or `stop` is set.

        `on_step(index)` is called for each denoising step of a variant: the progress that keeps a lease alive.
        `orders` is pulled from one thread only, never the device's. After `stop` the iterator ends within one step;
        what was in flight has no outcome. An exception raised by `orders` is raised here.
        """
        ...

    def close(self) -> None:
        """Stop the device's thread and free its memory."""
        ...
