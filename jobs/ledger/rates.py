"""How often and how much a caller may ask in a stretch of time, counted in Redis so that all API processes agree."""

import math
import time
from typing import TYPE_CHECKING

from limits import RateLimitItem, RateLimitItemPerDay, RateLimitItemPerMinute
from limits.storage import RedisStorage
from limits.strategies import FixedWindowRateLimiter, RateLimiter, SlidingWindowCounterRateLimiter

from jobs.errors import QuotaExceeded
from jobs.ledger.book import Book
from jobs.ledger.limits import LimitBook
from jobs.ledger.scripts import speaking_to_redis

if TYPE_CHECKING:
    from jobs.settings import Settings

FAILED_LOGINS = RateLimitItemPerMinute(10)
"""Of one address: nobody guesses a key of 32 bytes, but whoever tries costs the others something."""


class Rates:
    """Counts by caller against the bounds of `limits`; thread-safe. Raises `LedgerUnavailable` when Redis is away."""

    def __init__(self, book: Book, settings: "Settings", limits: LimitBook) -> None:
        # The URL is not read where a pool is given, and must not be: it may hold a password.
        store = RedisStorage(
            "redis://", connection_pool=book.redis.connection_pool, key_prefix=f"{settings.redis_prefix}quota"
        )
        self._limits = limits
        self._sliding = SlidingWindowCounterRateLimiter(store)
        self._daily = FixedWindowRateLimiter(store)

    def call(self, caller: str) -> None:
        """Count one call.

        Raises:
            QuotaExceeded: there were too many within a minute.

        """
        most = self._limits.bounds(caller).calls_per_minute
        if not most:
            return
        item = RateLimitItemPerMinute(most)
        with speaking_to_redis():
            if self._sliding.hit(item, caller):
                return
            wait, used = _stats(self._sliding, item, caller)
        said = f"the caller {caller} may make {most} calls a minute, and made {used}"
        raise QuotaExceeded(said, remedy=f"Come back in {wait} s.", retry_after_seconds=wait, limit=most, used=used)

    def upload(self, caller: str, size: int) -> None:
        """Count `size` bytes.

        Raises:
            QuotaExceeded: they would be too many within a day.

        """
        most = self._limits.bounds(caller).upload_bytes_per_day
        if not most:
            return
        item = RateLimitItemPerDay(most)
        with speaking_to_redis():
            if self._daily.test(item, "upload", caller, cost=size):
                self._daily.hit(item, "upload", caller, cost=size)
                return
            wait, used = _stats(self._daily, item, "upload", caller)
        said = f"the caller {caller} may upload {most} bytes a day, and {used} are; these {size} are too many"
        remedy = f"Come back in {wait} s, or name the picture by a URL."
        raise QuotaExceeded(said, remedy=remedy, retry_after_seconds=wait, limit=most, used=used)

    def may_log_in(self, address: str) -> None:
        """Ask whether somebody at this address may try a key.

        Raises:
            QuotaExceeded: too many that were none came from there within a minute.

        """
        with speaking_to_redis():
            if self._sliding.test(FAILED_LOGINS, "login", address):
                return
            wait, used = _stats(self._sliding, FAILED_LOGINS, "login", address)
        said = f"{used} keys that this server does not take came from this address within a minute"
        remedy = f"Come back in {wait} s."
        raise QuotaExceeded(said, remedy=remedy, retry_after_seconds=wait, limit=FAILED_LOGINS.amount, used=used)

    def failed_login(self, address: str) -> None:
        """Count a key that was none."""
        with speaking_to_redis():
            self._sliding.hit(FAILED_LOGINS, "login", address)


def _stats(limiter: RateLimiter, item: RateLimitItem, *names: str) -> tuple[int, int]:
    """Seconds until there is room again, and how much is used."""
    found = limiter.get_window_stats(item, *names)
    return max(1, math.ceil(found.reset_time - time.time())), item.amount - max(0, found.remaining)
