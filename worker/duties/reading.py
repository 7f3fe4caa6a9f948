"""What planning reads besides listings, as far as the caller may: tables, and what lies where their rows point."""

import hashlib
from functools import lru_cache

from jobs.errors import ForbiddenUri, ImageChanged
from jobs.storage import Stat
from jobs.storage.listing import TablePin
from jobs.uris import Uri
from worker.intake import Intake

ATTEMPTS = 3
KEPT = 4096


class Reading:
    """One caller's eyes while one job is planned. Thread-safe."""

    def __init__(self, intake: Intake, caller: str) -> None:
        self._intake = intake
        self._caller = caller
        self._look = lru_cache(KEPT)(self._ask)  # many rows may stand for one picture

    def table(self, uri: str) -> tuple[bytes, TablePin]:
        """A table's bytes, and what it was when they were read.

        Raises:
            ImageChanged: it changes faster than it is read.
            ForbiddenUri, ImageNotFound, TooLarge, Unreachable, StorageUnavailable: it can't be read.

        """
        for attempt in range(1, ATTEMPTS + 1):
            found = self._intake.stat(uri, caller=self._caller)
            size, etag = (-1, "") if found is None else (found.size, found.etag)
            try:
                data = self._intake.text_bytes(uri, caller=self._caller, size=size, etag=etag)
            except ImageChanged:
                if attempt == ATTEMPTS:
                    raise
                continue
            return data, TablePin(uri, len(data), etag, hashlib.sha256(data).hexdigest())
        raise AssertionError

    def stat(self, uri: str) -> Stat | None:
        """What an image is now; None where that can't be told, or not to this caller: its own variants will say so.

        Raises:
            StorageUnavailable: the store can't be asked.

        """
        return self._look(uri)

    def check(self, folder: Uri) -> None:
        """Raise ForbiddenUri for a folder that the caller may not have listed."""
        self._intake.check(folder, caller=self._caller)

    def _ask(self, uri: str) -> Stat | None:
        try:
            return self._intake.stat(uri, caller=self._caller)
        except ForbiddenUri:
            return None
