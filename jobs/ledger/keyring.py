"""API keys and sessions in Redis: only digests of them, so that whoever reads Redis can call nobody's API."""

from collections.abc import Mapping
from dataclasses import dataclass

from jobs.errors import Conflict, NotFound
from jobs.ledger.book import Book
from jobs.ledger.scripts import speaking_to_redis

MOST_KEYS = 10_000
TOUCH_SECONDS = 60.0
"""The last use is written no more often than this: reading a key must not cost a write each time."""


@dataclass(frozen=True, slots=True)
class KeyView:
    """A key without its secret. Times are Unix seconds, 0 for what has not happened or never will."""

    id: str
    caller: str
    label: str
    scopes: tuple[str, ...]
    digest: str
    created_at: float
    expires_at: float
    used_at: float
    revoked_at: float

    def state(self, now: float) -> str:
        """`active`, `revoked` or `expired`."""
        if self.revoked_at:
            return "revoked"
        return "expired" if self.expires_at and self.expires_at <= now else "active"


class Keyring:
    """Keys by id. Thread-safe; every method raises `LedgerUnavailable` when Redis does not answer."""

    def __init__(self, book: Book) -> None:
        self._redis = book.redis
        self._keys = book.keys
        self._list = book.keys.named("keys")

    def has_any(self) -> bool:
        """Whether a key was ever created: revoked and expired ones count, so that nothing opens by itself."""
        with speaking_to_redis():
            return bool(self._redis.exists(self._list))

    def add(self, key: KeyView) -> None:
        """Keep a new key.

        Raises:
            Conflict: there are too many.

        """
        with speaking_to_redis():
            if self._redis.zcard(self._list) >= MOST_KEYS:
                raise Conflict(f"there are {MOST_KEYS} keys, and that is the bound", remedy="Use fewer, longer.")
            pipe = self._redis.pipeline(transaction=True)
            pipe.hset(self._key(key.id), mapping=_fields(key))
            pipe.zadd(self._list, {key.id: key.created_at})
            pipe.execute()

    def find(self, id_: str) -> KeyView | None:
        """A key by its id, whatever its state."""
        with speaking_to_redis():
            fields = self._redis.hgetall(self._key(id_))
        return _view(id_, fields) if fields else None

    def all(self) -> tuple[KeyView, ...]:
        """Every key, newest first."""
        with speaking_to_redis():
            ids = self._redis.zrevrange(self._list, 0, -1)
            pipe = self._redis.pipeline(transaction=False)
            for id_ in ids:
                pipe.hgetall(self._key(id_))
            rows = pipe.execute() if ids else []
        return tuple(_view(id_, fields) for id_, fields in zip(ids, rows, strict=True) if fields)

    def revoke(self, id_: str, now: float) -> KeyView:
        """End a key for good; it stays in the list. Again: no change.

        Raises:
            NotFound: no such key.

        """
        found = self.find(id_)
        if found is None:
            raise NotFound(f"there is no key {id_[:80]!a}", remedy="`pentimento keys list` lists them.")
        with speaking_to_redis():
            if not found.revoked_at:
                self._redis.hset(self._key(id_), "revoked", f"{now:.6f}")
        return self.find(id_) or found

    def touch(self, key: KeyView, now: float) -> None:
        """Note that a key was used, about once a minute."""
        if now - key.used_at >= TOUCH_SECONDS:
            with speaking_to_redis():
                self._redis.hset(self._key(key.id), "used", f"{now:.6f}")

    def begin_session(self, digest: str, key: str, *, ttl_seconds: int) -> None:
        """Let the bearer of a token count as the bearer of the key `key`, for so long."""
        with speaking_to_redis():
            self._redis.set(self._session(digest), key, ex=ttl_seconds)

    def session_key(self, digest: str) -> str:
        """The id of a session's key; "" where there is no such session (any more)."""
        with speaking_to_redis():
            return str(self._redis.get(self._session(digest)) or "")

    def end_session(self, digest: str) -> None:
        """Forget a session."""
        with speaking_to_redis():
            self._redis.delete(self._session(digest))

    def _key(self, id_: str) -> str:
        return self._keys.named(f"key:{id_}")

    def _session(self, digest: str) -> str:
        return self._keys.named(f"session:{digest}")


def _fields(key: KeyView) -> dict[str, str]:
    return {
        "caller": key.caller,
        "label": key.label,
        "scopes": " ".join(key.scopes),
        "digest": key.digest,
        "created": f"{key.created_at:.6f}",
        "expires": f"{key.expires_at:.6f}",
        "used": f"{key.used_at:.6f}",
        "revoked": f"{key.revoked_at:.6f}",
    }


def _view(id_: str, fields: Mapping[str, str]) -> KeyView:
    return KeyView(
        id=id_,
        caller=fields["caller"],
        label=fields["label"],
        scopes=tuple(fields["scopes"].split()),
        digest=fields["digest"],
        created_at=float(fields["created"]),
        expires_at=float(fields["expires"]),
        used_at=float(fields["used"]),
        revoked_at=float(fields["revoked"]),
    )
