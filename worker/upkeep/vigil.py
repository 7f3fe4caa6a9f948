"""Whether Redis still is this deployment's, looked at again and again: an emptied one looks like one at rest."""

from typing import TYPE_CHECKING

import structlog

from jobs.errors import LedgerLost, StorageUnavailable

if TYPE_CHECKING:
    from worker.workshop import Workshop

_log = structlog.get_logger(__name__)

ALARM_SECONDS = 30.0


class Vigil:
    """Says in the log, once a while and not once a tick, that the ledger was lost."""

    def __init__(self, shop: "Workshop") -> None:
        self._shop = shop
        self._silent_until = float("-inf")

    def look(self) -> bool:
        """Whether Redis still is this deployment's."""
        try:
            self._shop.instance.require()
        except LedgerLost as error:
            if self._shop.clock() >= self._silent_until:
                self._silent_until = self._shop.clock() + ALARM_SECONDS
                _log.critical("the ledger is lost", error=str(error), remedy=error.remedy)
            return False
        except StorageUnavailable:
            return True  # a Redis without an id, and nothing to compare it with: the next tick asks again
        return True
