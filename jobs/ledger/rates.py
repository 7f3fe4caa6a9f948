"""How often and how much a caller may ask in a stretch of time, counted in Redis so that all API processes agree."""

import math
import time
from typing import TYPE_CHECKING

from limits import RateLimitItemPerDay, RateLimitItemPerMinute
from limits.storage import RedisStorage
from limits.strategies import FixedWindowRateLimiter, RateLimiter, SlidingWindowCounterRateLimiter

from jobs.errors import QuotaExceeded
from jobs.ledger.book import Book
from jobs.ledger.scripts import speaking_to_redis

if TYPE_CHECKING:
    from jobs.settings import Settings


class Rates:
    """The bounds of the settings; thread-safe. Raises `LedgerUnavailable` when Redis does not answer."""

    def __init__(self, book: Book, settings: "Settings") -> None:
        self._calls = RateLimitItemPerMinute(settings.quota_requests) if settings.quota_requests else None
        self._bytes = RateLimitItemPerDay(settings.quota_upload_bytes) if settings.quota_upload_bytes else None
        # The URL is not read where a pool is given, and must not be: it may hold a password.
        store = RedisStorage(
            "redis://", connection_pool=book.redis.connection_pool, key_prefix=f"{settings.redis_prefix}quota"
        )
        self._sliding = SlidingWindowCounterRateLimiter(store)
        self._daily = FixedWindowRateLimiter(store)

    def call(self, caller: str) -> None:
        """Count one call.

        Raises:
            QuotaExceeded: there were too many within a minute.

        """
        if self._calls is None:
            return
        with speaking_to_redis():
            if self._sliding.hit(self._calls, caller):
                return
            wait = _seconds(self._sliding, self._calls, caller)
        said = f"the caller {caller} may make {self._calls.amount} calls a minute, and made them"
        raise QuotaExceeded(said, remedy=f"Come back in {wait} s.", retry_after_seconds=wait)

    def upload(self, caller: str, size: int) -> None:
        """Count `size` bytes.

        Raises:
            QuotaExceeded: they would be too many within a day.

        """
        if self._bytes is None:
            return
        with speaking_to_redis():
            if self._daily.test(self._bytes, "upload", caller, cost=size):
                self._daily.hit(self._bytes, "upload", caller, cost=size)
                return
            wait = _seconds(self._daily, self._bytes, "upload", caller)
        said = f"the caller {caller} may upload {self._bytes.amount} bytes a day, which these {size} would pass"
        raise QuotaExceeded(
            said, remedy=f"Come back in {wait} s, or name the picture by a URL.", retry_after_seconds=wait
        )


def _seconds(limiter: RateLimiter, item: RateLimitItemPerMinute | RateLimitItemPerDay, *names: str) -> int:
    return max(1, math.ceil(limiter.get_window_stats(item, *names).reset_time - time.time()))
