"""The threads that do the upkeep, apart from those that render: they go on whatever the device or the store does."""

import threading
from typing import TYPE_CHECKING

import structlog

from jobs.errors import LedgerUnavailable
from worker.upkeep.round import tick
from worker.upkeep.telling import Telling
from worker.upkeep.vigil import Vigil

if TYPE_CHECKING:
    from worker.workshop import Workshop

_log = structlog.get_logger(__name__)

VIGIL_SECONDS = 2.0
ROUND_SECONDS = 180.0
"""A round waits for Redis at most, command by command; longer than that, and the thread hangs."""


class Housekeeping:
    """The thread that ticks."""

    def __init__(self, shop: "Workshop") -> None:
        self._shop = shop
        self._vigil = Vigil(shop)
        self._telling = Telling(shop)
        self._over = threading.Event()
        self._round_at = shop.clock()
        self._announced = False
        self._thread = threading.Thread(target=self._run, name="housekeeping", daemon=True)

    def start(self) -> None:
        """Begin to tick."""
        self._thread.start()
        # Apart from the ticks: it may ask the store, and a store that hangs must not keep the reaper waiting.
        threading.Thread(target=self._keep_vigil, name="vigil", daemon=True).start()

    @property
    def lives(self) -> bool:
        """Whether the rounds go on and the device makes steps; a Redis that is away is no death."""
        return self._shop.clock() - self._round_at < ROUND_SECONDS and not self._shop.watchdog.hangs()

    @property
    def ready(self) -> bool:
        """Whether this worker has announced itself, and is not about to leave."""
        return self._announced and not self._shop.draining.is_set()

    def stop(self) -> None:
        """Stop, and take this worker off the list."""
        self._over.set()
        self._thread.join(timeout=5)
        try:
            self._telling.now()
            self._shop.leasing.leave(self._shop.id)
        except LedgerUnavailable:
            _log.warning("Redis is away; the worker's announcement expires by itself")

    def _keep_vigil(self) -> None:
        while not self._over.is_set():
            try:
                self._vigil.look()
            except LedgerUnavailable as error:
                _log.info("the ledger's identity is not known", error=str(error))
            except Exception:  # noqa: BLE001 - the next look may fare better
                _log.exception("the vigil failed")
            self._over.wait(VIGIL_SECONDS)

    def _run(self) -> None:
        while not self._over.is_set():
            self._round_at = self._shop.clock()
            try:
                tick(self._shop)
                self._announced = True
                self._telling.round()
            except LedgerUnavailable as error:
                _log.warning("no tick", error=str(error))
            except Exception:  # noqa: BLE001 - the next tick may fare better
                _log.exception("the tick failed")
            self._over.wait(self._shop.settings.tick_seconds)
