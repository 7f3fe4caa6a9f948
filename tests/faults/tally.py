"""What a drill counts: what was lost, doubled, torn or left behind, the longest stall, and what was rendered again."""

import hashlib
import threading
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import orjson

from api.cli.bench import Figure
from jobs.errors import LedgerUnavailable
from jobs.ledger.book import Book
from jobs.ledger.feed import Feed

PAUSE_SECONDS = 0.1


class Watch:
    """Reads a job's events as they come, because the ledger keeps only the newest. A context manager."""

    def __init__(self, job: str, feed: Feed) -> None:
        self.kinds: Counter[str] = Counter()
        self.settled_at: list[float] = []
        self.started_at = self.ended_at = 0.0
        self.suspects = 0
        self._job, self._feed = job, feed
        self._over = threading.Event()
        self._last = "0"
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join(30)
        with suppress(LedgerUnavailable):
            self.catch_up()

    def catch_up(self) -> None:
        """Read what there is now."""
        with self._lock:
            while events := self._feed.read(self._job, after=self._last):
                for event in events:
                    self._last = event.id
                    self._note(event.kind, int(event.id.split("-")[0]) / 1000, event.data.get("suspects", "0"))

    def settled_after(self, moment: float) -> float | None:
        """When the first picture after `moment` was settled, both in Unix seconds; None where none was yet."""
        return next((at for at in self.settled_at if at > moment), None)

    def stall_seconds(self) -> float:
        """The longest time without a settled picture, from the job's start to its last one."""
        times = [self.started_at, *self.settled_at]
        return max((later - earlier for earlier, later in pairwise(times)), default=0.0)

    def _note(self, kind: str, at: float, suspects: str) -> None:
        self.kinds[kind] += 1
        if kind == "settled":
            self.settled_at.append(at)
        elif kind == "started":
            self.started_at = at
        elif kind == "lost":
            self.suspects += int(suspects)
        elif kind == "written":
            self.ended_at = at

    def _run(self) -> None:
        while not self._over.wait(PAUSE_SECONDS):
            with suppress(LedgerUnavailable):
                self.catch_up()


@dataclass(frozen=True, slots=True)
class Tally:
    """A job after the night.

    lost: variants without a line in results.jsonl or errors.jsonl. doubled: lines beyond one a variant. torn: objects
    whose bytes are not those of their line. leases: left in any key. renders: pictures that records tell of as made,
    rendered: of how many variants they are.
    seconds: from the first lease to the written results.
    """

    count: int
    settled: int
    refused: int
    objects: int
    lines: int
    lost: int
    doubled: int
    torn: int
    leases: int
    renders: int
    rendered: int
    stall_seconds: float
    seconds: float

    @property
    def rerenders(self) -> int:
        """Pictures that were made more than once."""
        return self.renders - self.rendered

    def figures(self, *, stall_below: float | None = None, rerenders: int | None = None) -> list[Figure]:
        """The tally as a bench's figures, with what must hold after every drill as goals."""
        agree = self.objects == self.settled == self.lines
        goal = f"= settled bits ({self.settled}) = results lines ({self.lines})"
        return [
            Figure("variants", self.count, ""),
            Figure("lost", self.lost, "", "0", self.lost == 0),
            Figure("doubled", self.doubled, "", "0", self.doubled == 0),
            Figure("refused", self.refused, "", "0", self.refused == 0),
            Figure("leases left", self.leases, "", "0", self.leases == 0),
            Figure("objects", self.objects, "", goal, agree),
            Figure("objects whose bytes are not those of their record", self.torn, "", "0", self.torn == 0),
            _bounded("longest stall", self.stall_seconds, "s", stall_below),
            _bounded("rendered again", self.rerenders, "", rerenders),
            Figure("duration", self.seconds, "s"),
        ]


def _bounded(name: str, value: float, unit: str, bound: float | None) -> Figure:
    if bound is None:
        return Figure(name, value, unit)
    return Figure(name, value, unit, f"≤ {bound:g} {unit}".rstrip(), value <= bound)


def count(book: Book, job: str, folder: Path, watch: Watch) -> Tally:
    """Count it all from the ledger, and from the store's files below `folder`."""
    view = book.describe(job)
    good, bad = _lines(folder / "results.jsonl"), _lines(folder / "errors.jsonl")
    indexes = [line["index"] for line in (*good, *bad)]
    objects = {path.relative_to(folder).as_posix(): path for path in (folder / "pictures").rglob("*.png")}
    torn = sum(1 for line in good if _hash(objects, line) != line["sha256"])
    records = [line for path in sorted((folder / "records").glob("*.jsonl")) for line in _lines(path)]
    renders = [record["index"] for record in records if record["state"] == "settled" and record["seconds"] > 0]
    return Tally(
        count=view.count,
        settled=int(book.redis.bitcount(book.keys.job(job, "settled"))),
        refused=int(book.redis.bitcount(book.keys.job(job, "refused"))),
        objects=len(objects),
        lines=len(good),
        lost=view.count - len(set(indexes)),
        doubled=len(indexes) - len(set(indexes)) + abs(view.settled + view.refused - len(indexes)),
        torn=torn,
        leases=int(book.redis.zcard(book.keys.named("leases")) + book.redis.hlen(book.keys.job(job, "lease"))),
        renders=len(renders),
        rendered=len(set(renders)),
        stall_seconds=watch.stall_seconds(),
        seconds=max(0.0, watch.ended_at - watch.started_at),
    )


def _lines(path: Path) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in path.read_bytes().splitlines()] if path.exists() else []


def _hash(objects: dict[str, Path], line: dict[str, Any]) -> str:
    name = "pictures/" + str(line["key"]).partition("/pictures/")[2]
    return hashlib.sha256(objects[name].read_bytes()).hexdigest() if name in objects else ""
