"""Whether Redis still is the one that this deployment began with: an id, kept in Redis and beside the results.

A Redis that restarts empty looks like one that nobody has used yet. The id in storage tells them apart, so that a lost
ledger is an alarm and never "no such job".
"""

import secrets

import orjson

from jobs.errors import ImageNotFound, LedgerLost, StorageUnavailable
from jobs.ledger.book import Book
from jobs.ledger.scripts import speaking_to_redis
from jobs.storage.routing import StorageByScheme

_BYTES = 4096
_RECOVER = "`pentimento recover` brings the jobs back from storage and ends this alarm."


class Instance:
    """The deployment's identity. Thread-safe; after the first agreement a question costs one GET."""

    def __init__(self, book: Book, storage: StorageByScheme, output_uri: str) -> None:
        """`output_uri`: the deployment's, without a trailing slash."""
        self._book = book
        self._storage = storage
        self._uri = f"{output_uri.rstrip('/')}/_instance.json"
        self._key = book.keys.named("instance")
        self._known = ""

    def require(self) -> str:
        """The id that Redis and storage agree on; drawn where neither has one.

        Raises:
            LedgerLost: Redis has lost its state, or is another deployment's.
            LedgerUnavailable, StorageUnavailable: they could not be asked.

        """
        held = self._held()
        if held and held == self._known:
            return held
        try:
            if not held:
                self._storage.ensure_bucket()  # a first start, perhaps
            stored = self._stored()
        except StorageUnavailable:
            if not held:
                raise
            return held  # nothing speaks against it; the next question asks again
        if stored and not held:
            held = self._held()  # somebody may have drawn and stored it between our two questions
        if stored and not held:
            said = f"Redis has lost this deployment's state: the instance {stored} is not in it"
            raise LedgerLost(said, remedy=_RECOVER)
        if stored and held != stored:
            said = f"Redis is another deployment's: it holds the instance {held}, and {self._uri} the instance {stored}"
            remedy = f"Give each deployment its own output URI and Redis. If Redis was replaced on purpose, {_RECOVER}"
            raise LedgerLost(said, remedy=remedy)
        if not stored:
            held = held or self._drawn()
            self._store(held)
        self._known = held
        return held

    def adopt(self) -> str:
        """After a recovery: whatever Redis holds now is this deployment's ledger; returns its id."""
        held = self._stored() or self._held() or secrets.token_hex(16)
        with speaking_to_redis():
            self._book.redis.set(self._key, held)
        self._store(held)
        self._known = held
        return held

    def _drawn(self) -> str:
        # Redis decides between two that draw at once; then both write the winner's id to storage.
        with speaking_to_redis():
            self._book.redis.set(self._key, secrets.token_hex(16), nx=True)
        return self._held()

    def _held(self) -> str:
        with speaking_to_redis():
            return str(self._book.redis.get(self._key) or "")

    def _stored(self) -> str:
        try:
            return str(orjson.loads(self._storage.read(self._uri, limit=_BYTES))["instance"])
        except ImageNotFound:
            return ""

    def _store(self, instance: str) -> None:
        self._storage.write(self._uri, orjson.dumps({"instance": instance}), "application/json", if_absent=False)
