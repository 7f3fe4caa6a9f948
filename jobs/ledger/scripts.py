"""The Lua scripts as callables: the shared prelude plus one file each, sent once and called by hash after that."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import redis

from jobs.errors import LedgerUnavailable
from jobs.telemetry.metrics import REDIS_ERRORS, REDIS_SECONDS

Client = Any
"""A redis.Redis with decode_responses: its type stubs cannot know that it answers with str."""
LUA: Final = Path(__file__).parent / "lua"
NAMES: Final = (
    "accept",
    "ready",
    "lease",
    "beat",
    "settle",
    "refuse",
    "release",
    "reap",
    "control",
    "duty",
    "demand",
    "done",
    "restore",
    "mend",
    "hook",
    "prune",
    "figures",
    "mark",
    "marked",
    "find",
    "lanes",
)


@contextmanager
def speaking_to_redis() -> Iterator[None]:
    """Turns what redis-py raises into `LedgerUnavailable`; the URL, which may hold a password, is never in the text."""
    try:
        yield
    except (redis.ConnectionError, redis.TimeoutError) as error:
        REDIS_ERRORS.inc()
        said = f"Redis does not answer ({type(error).__name__})"
        raise LedgerUnavailable(said, remedy="Check PENTIMENTO_REDIS_URL and that the server runs.") from error
    except redis.RedisError as error:
        REDIS_ERRORS.inc()
        said = f"Redis refused a command: {error}"
        raise LedgerUnavailable(said, remedy="Check the server's memory, policy and access rights.") from error


class Scripts:
    """Calls scripts by name. `now` gives Unix seconds in tests; None leaves the time to the server."""

    def __init__(self, client: Client, prefix: str, now: Callable[[], float] | None = None) -> None:
        self._prefix = prefix
        self._clock = now
        prelude = (LUA / "prelude.lua").read_text()
        self._scripts = {
            name: client.register_script(f"{prelude}\n{(LUA / f'{name}.lua').read_text()}") for name in NAMES
        }

    @property
    def now(self) -> float | None:
        """Unix seconds of the tests' clock; None where the server's own holds."""
        return None if self._clock is None else self._clock()

    def __call__(self, name: str, *args: str | float | bytes) -> Any:  # noqa: ANN401 - a script answers what it likes
        """Run one script; the answer is as redis-py decodes it.

        Raises:
            LedgerUnavailable: Redis does not answer, or refuses.

        """
        now = "" if self._clock is None else repr(self._clock())
        with speaking_to_redis(), REDIS_SECONDS.labels(name).time():
            return self._scripts[name](keys=[], args=[self._prefix, now, *args])
