"""Reading the events of a job, from any id on; what SSE, the terminal and gRPC watch."""

from typing import TYPE_CHECKING

from jobs.events import Event
from jobs.ledger.book import connect
from jobs.ledger.keyspace import Keyspace
from jobs.ledger.scripts import Client, speaking_to_redis

if TYPE_CHECKING:
    from jobs.settings import Settings


class Feed:
    """Thread-safe; raises `LedgerUnavailable` when Redis does not answer."""

    def __init__(self, client: Client, prefix: str = "pm:") -> None:
        self._redis = client
        self._keys = Keyspace(prefix)

    @classmethod
    def open(cls, settings: "Settings") -> "Feed":
        """The feed of the ledger that the settings name; connects at the first call."""
        return cls(connect(settings), settings.redis_prefix)

    def newest(self, job: str) -> str:
        """The id of the job's last event; "0-0" where there is none."""
        with speaking_to_redis():
            rows = self._redis.xrevrange(self._keys.job(job, "events"), count=1)
        return str(rows[0][0]) if rows else "0-0"

    def read(self, job: str, *, after: str = "0", limit: int = 500) -> tuple[Event, ...]:
        """The events after the id `after` ("0": from the first that is kept), at most `limit`, without waiting."""
        with speaking_to_redis():
            rows = self._redis.xrange(self._keys.job(job, "events"), min=f"({after}", max="+", count=limit)
        return tuple(
            Event(
                id=row,
                kind=fields["kind"],
                data={key: value for key, value in fields.items() if key != "kind"},
            )
            for row, fields in rows
        )
