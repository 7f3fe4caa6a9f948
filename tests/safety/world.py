"""What a row of the table acts on, and the record of every connection that this process tried to open meanwhile."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from api.gate import Gate
from jobs.errors import PentimentoError
from jobs.settings import Settings
from jobs.storage import open_storage
from tests.intake.pages import Site
from worker.intake.fetch import Fetcher
from worker.intake.web import Web, WebRules

Address = tuple[str, int]

NAMES = {
    "private.example": ["10.0.0.7"],
    "loopback.example": ["127.0.0.1"],
    "loopback6.example": ["::1"],
    "mapped.example": ["::ffff:127.0.0.1"],
    "nat64.example": ["64:ff9b::7f00:1"],
    "sixtofour.example": ["2002:7f00:1::"],
    "teredo.example": ["2001:0:7f00:1::"],
    "mixed.example": ["93.184.215.14", "127.0.0.1"],
    "mixed6.example": ["2606:4700::1111", "fe80::1"],
    "metadata.google.internal": ["169.254.169.254"],
    "zone.example": ["fe80::1%eth0"],
    "zero.example": ["0.0.0.0"],  # noqa: S104 - nothing is bound to it
    "multicast.example": ["224.0.0.1"],
    "nonsense.example": ["not an address"],
    "nowhere.example": [],
}


class Recorder:
    """Every address that this process asked the system to connect to, whoever asked."""

    def __init__(self) -> None:
        self.connects: list[Address] = []
        self._on = True
        sys.addaudithook(self._hook)

    def _hook(self, event: str, args: tuple[object, ...]) -> None:
        if event == "socket.connect" and isinstance(args[1], tuple):
            self.connects.append((str(args[1][0]), int(args[1][1])))

    @contextmanager
    def watching(self) -> Iterator[list[Address]]:
        """What is connected to within the block."""
        before, found = len(self.connects), list[Address]()
        yield found
        found += self.connects[before:]


@dataclass
class World:
    """One deployment as a stranger meets it.

    http: the API. fetcher: a worker's, with the production's rules and the names above; the canary's port is allowed,
    so that only the guard of addresses stands before it. site: a server that may be fetched from, by `insider`.
    keyed: an API that asks for a key; gate: makes them.
    """

    settings: Settings
    http: httpx.Client
    keyed: httpx.Client
    gate: Gate
    canary: Site
    site: Site
    folder: Path
    known: set[Address]
    fetcher: Fetcher = field(init=False)
    insider: Fetcher = field(init=False)

    def __post_init__(self) -> None:
        rules = WebRules(ports=self.settings.fetch_ports, connect_seconds=2, total_seconds=4)
        web = Web(rules, resolver=resolve)
        storage = open_storage(self.settings)
        self.fetcher = Fetcher(storage, self.settings, web=web, sleep=lambda _: None)
        private = self.settings.model_copy(update={"fetch_private": True})
        lenient = WebRules(private=True, connect_seconds=2, total_seconds=4, grace_seconds=0.2)
        inside = Web(lenient, resolver=resolve_inside)
        self.insider = Fetcher(storage, private, web=inside, sleep=lambda _: None)

    def submit(self, **said: object) -> httpx.Response:
        """A job that is good but for what is said."""
        good = {"images": ["https://example.org/a.png"], "model": "tiny", "prompt": "a boat"}
        return self.http.post("/v1/jobs", json=good | said)


def resolve(host: str, _: int) -> Sequence[str]:
    """No name server is asked: what the table has no name for, is an address or is nowhere."""
    if host in NAMES:
        return NAMES[host]
    return [host] if host.replace(".", "").isdigit() or ":" in host else []


def resolve_inside(host: str, port: int) -> Sequence[str]:
    """The same, and one name that is the test's own site."""
    return ["127.0.0.1"] if host == "site.example" else resolve(host, port)


@dataclass(frozen=True, slots=True)
class Row:
    """One bad input. code: the error's (of `jobs.errors`, of the problem, or a gRPC status); act: sends it."""

    name: str
    code: str
    act: Callable[[World], object]


def outcome(world: World, row: Row) -> tuple[str, str]:
    """The code with which the row was refused, and what was said; the code is "taken" where it was not refused."""
    try:
        found = row.act(world)
    except PentimentoError as error:
        return error.code, f"{error} {error.remedy}"
    if isinstance(found, httpx.Response):
        if found.status_code < 400:
            return "taken", found.text
        if found.status_code >= 500:
            return f"{found.status_code}", found.text
        return str(found.json()["code"]), found.text
    return str(found), ""
