"""Whether this Redis may hold a ledger: it takes writes, never evicts, keeps what it was told, knows our commands."""

from typing import TYPE_CHECKING

import redis

from jobs.errors import LedgerUnavailable, LedgerUnfit
from jobs.ledger.book import Book
from jobs.ledger.scripts import speaking_to_redis

if TYPE_CHECKING:
    from jobs.settings import Settings


def check_fitness(book: Book, *, require_aof: bool) -> str:
    """One sentence about what was found.

    Raises:
        LedgerUnavailable: Redis does not answer, or does not take a write.
        LedgerUnfit: it answers, but jobs would be lost in it.

    """
    with speaking_to_redis():
        book.redis.set(book.keys.named("lock:check"), "1", ex=10)
        policy = str(book.redis.info("memory").get("maxmemory_policy", "noeviction"))
        kept = book.redis.info("persistence")
    if policy != "noeviction":
        said = f"Redis may evict our keys: maxmemory-policy is {policy}"
        raise LedgerUnfit(said, remedy="Set maxmemory-policy to noeviction; queued work would vanish.")
    _check_commands(book)
    if not require_aof:
        return "Redis reads, writes and never evicts; what it keeps over a restart was not asked for"
    if not int(kept.get("aof_enabled", 0)):
        said = "Redis keeps nothing over a restart: appendonly is no"
        remedy = "Set appendonly to yes, or PENTIMENTO_REQUIRE_AOF=false where losing every job is no loss."
        raise LedgerUnfit(said, remedy=remedy)
    if kept.get("aof_last_write_status", "ok") != "ok":
        said = f"Redis could not write its append-only file: aof_last_write_status is {kept['aof_last_write_status']}"
        raise LedgerUnfit(said, remedy="Look at the disk that it writes to.")
    return "Redis reads, writes, never evicts and keeps an append-only file"


def _check_commands(book: Book) -> None:
    """By its features, never its version: Valkey answers with the version of the Redis that it was made from."""
    try:
        with speaking_to_redis():
            book.redis.execute_command("BITPOS", book.keys.named("lock:nothing"), 1, 0, -1, "BIT")
    except LedgerUnavailable as error:
        if not isinstance(error.__cause__, redis.ResponseError):
            raise
        said = "Redis is older than 7.0: it does not know BITPOS ... BIT"
        raise LedgerUnfit(said, remedy="Use Redis 7.0 or newer, or Valkey.") from error


def refuse_unfit(settings: "Settings") -> None:
    """Ends the process with a sentence where jobs would be lost; a Redis that is away is waited for elsewhere.

    Raises:
        SystemExit: Redis is unfit.

    """
    try:
        check_fitness(Book.open(settings), require_aof=settings.require_aof)
    except LedgerUnfit as error:
        raise SystemExit(f"pentimento does not start: {error}. {error.remedy}") from error
    except LedgerUnavailable:
        return
