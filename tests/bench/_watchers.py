"""A crowd of watchers in one process: `python -m tests.bench._watchers URL JOB COUNT`, a line for each at the end."""

import asyncio
import hashlib
import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit

_ID = re.compile(rb"^id: (\S+)\r?$", re.MULTILINE)
_BLOCK = 1 << 16


@dataclass(frozen=True, slots=True)
class Seen:
    """What one watcher saw: how many events, and a digest over their ids in order."""

    events: int
    digest: str

    @classmethod
    def read(cls, line: str) -> Self:
        """As `main` prints it."""
        events, digest = line.split()
        return cls(int(events), digest)


def digest(ids: Iterable[str]) -> str:
    """Over ids in order."""
    return hashlib.sha256("\n".join(ids).encode()).hexdigest()


async def _watch(host: str, port: int, job: str, begun: asyncio.Semaphore) -> Seen:
    reader, writer = await asyncio.open_connection(host, port)
    writer.write(f"GET /v1/jobs/{job}/events HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
    ids: list[str] = []
    rest = b""
    while block := await reader.read(_BLOCK):
        if not ids:
            begun.release()
        whole, _, rest = (rest + block).rpartition(b"\n")
        ids += [found.decode() for found in _ID.findall(whole)]
    writer.close()
    return Seen(len(ids), digest(ids))


async def _crowd(url: str, job: str, count: int) -> None:
    where, begun = urlsplit(url), asyncio.Semaphore(0)
    watchers = [asyncio.create_task(_watch(str(where.hostname), where.port or 80, job, begun)) for _ in range(count)]
    for _ in range(count):
        await begun.acquire()
    print("watching", flush=True)
    for seen in await asyncio.gather(*watchers):
        print(seen.events, seen.digest)


if __name__ == "__main__":
    asyncio.run(_crowd(sys.argv[1], sys.argv[2], int(sys.argv[3])))
