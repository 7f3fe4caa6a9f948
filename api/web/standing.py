"""Whether whoever began a stream may still have it: a stream outlives the question by which it was let in.

A key is looked up again once in a while, however many streams it has: a revoked or expired one, or a session that was
logged out of, ends its streams within `RECHECK_SECONDS` and the longest silence of a stream.
"""

from collections.abc import Callable

from starlette.concurrency import run_in_threadpool

from api.access import Identity
from jobs.errors import LedgerUnavailable

RECHECK_SECONDS = 10.0
_MOST_KNOWN = 10_000


class Standing:
    """Of one process; lives on its event loop. stands: whether an identity is still good, blocking; clock: seconds."""

    def __init__(self, stands: Callable[[Identity], bool], clock: Callable[[], float]) -> None:
        self._stands = stands
        self._clock = clock
        self._known: dict[tuple[str, str], tuple[float, bool]] = {}

    async def good(self, who: Identity) -> bool:
        """Whether a stream of theirs may go on; while nobody can tell it may."""
        place, now = (who.key, who.session), self._clock()
        asked, good = self._known.get(place, (float("-inf"), True))
        if now - asked < RECHECK_SECONDS or not any(place):
            return good
        if len(self._known) >= _MOST_KNOWN:
            self._known.clear()
        self._known[place] = (now, good)  # other streams of the same key go by this meanwhile
        try:
            good = await run_in_threadpool(self._stands, who)
        except LedgerUnavailable:
            return good
        self._known[place] = (now, good)
        return good
