"""What this process counted goes to the ledger every few ticks, where every API shows the figures of the whole farm."""

from typing import TYPE_CHECKING

from jobs.ledger.figures import Figures
from jobs.telemetry.carrying import Packer
from jobs.telemetry.metrics import SLOTS

if TYPE_CHECKING:
    from worker.workshop import Workshop

TELL_TICKS = 5


class Telling:
    """Hands what this process counted on to the ledger, where every API shows it."""

    def __init__(self, shop: "Workshop") -> None:
        self._shop = shop
        self._figures = Figures(shop.book)
        self._packer = Packer()
        self._rounds = 0

    def round(self) -> None:
        """One tick; every few of them is a telling."""
        if self._rounds % TELL_TICKS == 0:
            self.now()
        self._rounds += 1

    def now(self) -> None:
        """Tell. What can't be told now goes with the next telling, and is counted once."""
        SLOTS.labels("busy").set(self._shop.floor.busy)
        SLOTS.labels("all").set(self._shop.floor.slots)
        self._figures.add(self._shop.id, self._packer.parcel())
        self._packer.arrived()
