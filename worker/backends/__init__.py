"""Who makes the picture: the protocol between the main loop and whatever renders, and a registry with lazy factories.

`render` takes and gives lazy iterators. The backend pulls an order when it has room, so the sweep stays lazy and
back-pressure is free; outcomes come back in any order. An item of `orders` that is already an outcome (preparing
failed, or its picture is stored already) passes through unchanged. Several threads may call `render` at once: their
orders meet in one engine.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from threading import Event
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from jobs.errors import PentimentoError
from jobs.variant import Variant, stepped_down

Pixels = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Order:
    """A variant with its init image, decoded and fitted.

    pixels: uint8 RGB, shape (height, width, 3), both multiples of the model's own multiple (8 × 2ⁿ).
    image_sha256: of the init image's bytes as fetched, 64 hex digits. fingerprint: as `jobs.variant.fingerprint`.
    mask: uint8, shape (height, width): 0 is repainted, 255 kept, between them blends; None where all is repainted.
    urgent: somebody waits for it: it goes before others, also before those that have begun.
    """

    variant: Variant
    pixels: Pixels
    image_sha256: str
    fingerprint: str
    mask: Pixels | None = None
    urgent: bool = False


@dataclass(frozen=True, slots=True)
class Rung:
    """Batch rows of a step and of a decoding that a picture was made with, where memory was too short for the pinned.

    They change its last bits, so they are part of its fingerprint.
    """

    rows: int
    decode_rows: int


@dataclass(frozen=True, slots=True, eq=False)
class Rendered:
    """A picture. pixels: uint8 RGB, shape (height, width, 3). seconds: device time, its share of batches.

    rung: where memory was too short for the pinned rows; the order's fingerprint is then that of the rung.
    """

    order: Order
    pixels: Pixels
    seconds: float
    rung: Rung | None = None

    @classmethod
    def on(cls, rung: Rung | None, order: Order, pixels: Pixels, seconds: float) -> "Rendered":
        """The outcome of an order that was computed on a rung."""
        return cls(on_rung(order, rung), pixels, seconds, rung)


@dataclass(frozen=True, slots=True, eq=False)
class Stored:
    """A picture that lies in storage already: nothing to render.

    linked: where, if it is another job's that this one extends; empty for its own key (a crash fell between write and
    settle). thumb: where the thumbnail of a linked one lies. rung: as `Rendered.rung`.
    """

    order: Order
    sha256: str
    size: int
    linked: str = ""
    thumb: str = ""
    rung: Rung | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Refused:
    """No picture, and why. A retryable error is tried again later, within bounds; any other is final."""

    variant: Variant
    error: PentimentoError


def on_rung(order: Order, rung: Rung | None) -> Order:
    """The order with the fingerprint that its picture has on that rung; itself where the rung is None."""
    if rung is None:
        return order
    return replace(order, fingerprint=stepped_down(order.fingerprint, rows=rung.rows, decode_rows=rung.decode_rows))


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

    @property
    def loaded(self) -> frozenset[str]:
        """The models, by alias, that are in memory now, of a backend that has to load them; else empty."""
        ...

    @property
    def loading(self) -> Mapping[str, int]:
        """The models, by alias, that are being loaded now; bytes of each that came from a hub so far, 0 if none."""
        ...

    def warm(self) -> None:
        """Open the device and whatever the settings want to be ready before the first order; may take minutes.

        Raises:
            PentimentoError: it can't be had.

        """
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
