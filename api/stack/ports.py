"""Why this exists: several farms on one machine must not fight over port numbers."""

import random
import socket
from typing import Final

LOOPBACK = "127.0.0.1"
PORTS: Final = range(20_000, 32_000)
"""Below those that Linux and macOS give to outgoing connections (from 32768 and 49152): none of these comes between."""


def free_port(host: str = LOOPBACK) -> int:
    """A TCP port that nobody listens on.

    Another process may take it before the caller does; the caller's readiness probe then fails, and trying again helps.

    Raises:
        OSError: none of a hundred is free, or there is no such address on this machine.

    """
    tried = random.SystemRandom().sample(PORTS, 100)
    for port in tried[:-1]:
        if not is_taken(port, host):
            return port
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((host, tried[-1]))
        return tried[-1]


def is_taken(port: int, host: str = LOOPBACK) -> bool:
    """Whether something already listens on (or holds) this port."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return True
        return False
