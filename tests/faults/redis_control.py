"""A Redis of one's own that can be killed, restarted with or without what it knew, frozen, and filled up."""

import os
import shutil
import signal
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import redis

from api.stack.child import Running
from api.stack.ports import free_port
from api.stack.valkey import Valkey


class RedisControl:
    """A real server over its own folder; starts when made, always on the same port."""

    def __init__(self, folder: Path) -> None:
        self._server = Valkey(folder / "redis", free_port(), folder / "redis.log")
        self._running = Running(self._server.child())
        self._running.wait_ready()
        self.client: Any = redis.Redis.from_url(self.url, decode_responses=True, socket_timeout=10)

    @property
    def url(self) -> str:
        """Where clients find it."""
        return self._server.url

    @property
    def port(self) -> int:
        """Its port on loopback."""
        return self._server.port

    def kill(self) -> None:
        """SIGKILL; what it had not written is lost."""
        self._running.kill()

    def stop(self) -> None:
        """SIGTERM, as in a planned restart."""
        self._running.stop()

    def start(self, *, empty: bool = False) -> None:
        """Start it again, from its append-only file or with nothing."""
        if empty:
            shutil.rmtree(self._server.folder)
        self._running = Running(self._server.child())
        self._running.wait_ready()

    def freeze(self) -> None:
        """SIGSTOP: connections stay open and nothing answers."""
        os.kill(self._running.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """SIGCONT."""
        os.kill(self._running.pid, signal.SIGCONT)

    def fill(self) -> None:
        """Every write that needs memory is refused from now on."""
        self.client.config_set("maxmemory", "1mb")

    def make_room(self) -> None:
        """Take the limit away."""
        self.client.config_set("maxmemory", "0")

    def forget_scripts(self) -> None:
        """SCRIPT FLUSH: callers by hash are told that there is no such script."""
        self.client.script_flush()

    def close(self) -> None:
        """Stop the server for good."""
        self.client.close()
        if self._running.exit_code is None:
            self.thaw()
        self._running.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
