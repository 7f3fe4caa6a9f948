"""How a farm knows that a server answers: a raw PING and a plain GET, so that no client library is needed here."""

import socket
from urllib.parse import unquote, urlsplit

import httpx

PROBE_SECONDS = 1.0


def redis_answers(url: str) -> bool:
    """Whether a Redis at this `redis://` URL answers PING (also: that it asks for a password, where none is given)."""
    address = urlsplit(url)
    greeting = b""
    if address.password:
        words = [b"AUTH", unquote(address.username or "default").encode(), unquote(address.password).encode()]
        greeting = b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in words)
    try:
        with socket.create_connection(
            (address.hostname or "127.0.0.1", address.port or 6379), timeout=PROBE_SECONDS
        ) as connection:
            connection.sendall(greeting + b"*1\r\n$4\r\nPING\r\n")
            return b"+PONG" in connection.recv(4096)
    except OSError:
        return False


def http_answers(url: str, *, status: int | None = None) -> bool:
    """Whether a GET is answered: by this status where one is given, else by anything below 500."""
    try:
        answer = httpx.get(url, timeout=PROBE_SECONDS, trust_env=False)
    except httpx.HTTPError:
        return False
    return (
        answer.status_code == status if status is not None else answer.status_code < httpx.codes.INTERNAL_SERVER_ERROR
    )


def worker_is_listed(api_url: str, pid: int) -> bool:
    """Whether the API lists the worker with this process id on this machine (a worker's id is `<host>-<pid>-<random>`).

    Its own id is looked for, because workers of a farm that was here before stay listed for a while.
    """
    try:
        answer = httpx.get(f"{api_url}/v1/workers", timeout=PROBE_SECONDS, trust_env=False).raise_for_status()
        return any(worker["id"].startswith(f"{socket.gethostname()}-{pid}-") for worker in answer.json()["workers"])
    except (httpx.HTTPError, ValueError, KeyError, TypeError):
        return False
