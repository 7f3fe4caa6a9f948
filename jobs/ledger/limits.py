"""What a caller may have and ask for: as the deployment's settings say, or as was said of this one caller.

Kept in Redis beside the keys, so that all API processes agree; a process may go by what it read `FRESH_SECONDS` ago,
because every call asks.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import TYPE_CHECKING

from jobs.ledger.book import Book
from jobs.ledger.scripts import speaking_to_redis
from jobs.ledger.views import Quota

if TYPE_CHECKING:
    from jobs.settings import Settings

FRESH_SECONDS = 2.0
_MOST_KNOWN = 10_000


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one caller; 0 for no bound, None for what the deployment says. open_variants: without an outcome, of all jobs.

    Within the deployment's own there is no None.
    """

    calls_per_minute: int | None = None
    upload_bytes_per_day: int | None = None
    active_jobs: int | None = None
    open_variants: int | None = None

    def over(self, other: "Limits") -> "Limits":
        """These, and the other's where these say nothing."""
        return replace(other, **{name: value for name, value in asdict(self).items() if value is not None})

    @property
    def quota(self) -> Quota:
        """What accepting a job asks."""
        return Quota(self.active_jobs or 0, self.open_variants or 0)


NAMES = tuple(field.name for field in fields(Limits))
NO_LIMITS = Limits()


def limits_of(settings: "Settings") -> Limits:
    """What the deployment says of callers of whom nothing else was said."""
    return Limits(
        calls_per_minute=settings.quota_requests,
        upload_bytes_per_day=settings.quota_upload_bytes,
        active_jobs=settings.quota_active_jobs,
        open_variants=settings.quota_queued_variants,
    )


class LimitBook:
    """Limits by caller. Thread-safe; every method raises `LedgerUnavailable` when Redis does not answer.

    clock: seconds of any kind that go on.
    """

    def __init__(self, book: Book, settings: "Settings", clock: Callable[[], float]) -> None:
        self._redis = book.redis
        self._keys = book.keys
        self._all = limits_of(settings)
        self._clock = clock
        self._known: dict[str, tuple[float, Limits]] = {}

    def bounds(self, caller: str) -> Limits:
        """What holds for a caller; as it was `FRESH_SECONDS` ago at worst."""
        now = self._clock()
        found = self._known.get(caller)
        if found is None or now - found[0] >= FRESH_SECONDS:
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
            found = self._known[caller] = (now, self.of(caller))
        return found[1].over(self._all)

    def of(self, caller: str) -> Limits:
        """What was said of this caller."""
        with speaking_to_redis():
            said: Mapping[str, str] = self._redis.hgetall(self._key(caller))
        return Limits(**{name: int(said[name]) for name in NAMES if name in said})

    def change(self, caller: str, changes: Mapping[str, int | None]) -> Limits:
        """Say something else of a caller: by the names of `Limits`; None takes back what was said. What is said now."""
        with speaking_to_redis():
            pipe = self._redis.pipeline(transaction=True)
            for name in NAMES:
                value = changes.get(name)
                if value is not None:
                    pipe.hset(self._key(caller), name, str(value))
                elif name in changes:
                    pipe.hdel(self._key(caller), name)
            pipe.execute()
        self._known.pop(caller, None)
        return self.of(caller)

    def _key(self, caller: str) -> str:
        return self._keys.named(f"limits:{caller}")
