"""Why this exists: several farms on one machine must not fight over port numbers."""

import random
import socket
from itertools import count
from typing import Final

LOOPBACK = "127.0.0.1"
PORTS: Final = range(20_000, 32_000, 2)
"""Below those that Linux and macOS give to outgoing connections (from 32768 and 49152): none of these comes between.

The odd ones are left for who wants two in a row.
"""
TRIES: Final = 100

_turn = count(random.SystemRandom().randrange(len(PORTS)))
"""In a row from anywhere: a farm binds its ports seconds after it chose them, and four by chance out of thousands are
the same often enough for a run of many farms. Two processes are seldom at the same place at the same time."""


def free_port(host: str = LOOPBACK) -> int:
    """A TCP port that nobody listens on, and that this process was not given before (but for a full round).

    Another process may take it before the caller does; the caller's readiness probe then fails, and trying again helps.

    Raises:
        OSError: none of a hundred is free, or there is no such address on this machine.

    """
    for _ in range(TRIES):
        port = PORTS[next(_turn) % len(PORTS)]
        if not is_taken(port, host):
            return port
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((host, port))
        return port


def is_taken(port: int, host: str = LOOPBACK) -> bool:
    """Whether something already listens on (or holds) this port."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return True
        return False
