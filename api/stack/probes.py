"""How a farm knows that a server answers: a raw PING, a plain GET, and for workers what they tell the ledger."""

import socket
from urllib.parse import unquote, urlsplit

import httpx

from jobs.errors import LedgerUnavailable
from jobs.ledger.book import Book

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


def worker_is_listed(book: Book, pid: int) -> bool:
    """Whether the worker with this process id on this machine has announced itself (its id: `<host>-<pid>-<random>`).

    Its own id is looked for, because workers of a farm that was here before stay listed for a while. The ledger is
    asked and not the API, which may ask for a key.
    """
    try:
        return any(worker.id.startswith(f"{socket.gethostname()}-{pid}-") for worker in book.workers())
    except LedgerUnavailable:
        return False
