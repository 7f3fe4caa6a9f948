"""A crash at every named point of the worker, each once: whatever was half done is done in the end, and once only."""

import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import redis

from api.cli.bench import Figure
from jobs.ids import new_job_id
from jobs.keys import results_uri
from jobs.ledger.book import Book
from jobs.ledger.feed import Feed
from jobs.manifest import parse_manifest
from jobs.settings import Settings
from jobs.spec import canonical_json, freeze
from jobs.state import Lane
from jobs.sweep import Sweep
from tests.faults.lives import live
from tests.faults.night import picture
from tests.faults.redis_control import RedisControl
from tests.faults.tally import Tally, Watch, count
from worker.crash_points import EXIT_CODE, POINTS

NAME = "crash-points"
SUMMARY = "A worker ends at every named point in turn; the next one finds what it left."
LEASE_SECONDS = 1.0
# The last image is no picture: without a refusal the points around one would not be reached.
MANIFEST = """
images: ["{folder}/good.png", "{folder}/bad.png"]
model: tiny
prompt: a boat
steps: 4
samples: 6
seed: {{policy: per_variant, base: 7}}
output: {{sheet: false}}
"""


@dataclass(frozen=True, slots=True)
class Ended:
    """A job that met a crash. `crashed`: the first life ended at its point; `exit_code`: the last life's."""

    point: str
    crashed: bool
    exit_code: int
    tally: Tally

    def wrong(self) -> str:
        """What is not as it should be, all of it; empty where nothing is."""
        tally, half = self.tally, self.tally.count // 2
        faults = {
            "did not crash there": not self.crashed,
            f"the next worker ended with {self.exit_code}": self.exit_code != 0,
            f"{tally.lost} lost": tally.lost,
            f"{tally.doubled} doubled": tally.doubled,
            f"{tally.leases} leases left": tally.leases,
            f"{tally.torn} torn": tally.torn,
            f"{tally.objects} objects": tally.objects != half,
            f"{tally.settled} settled": tally.settled != half,
            f"{tally.refused} refused": tally.refused != half,
        }
        return ", ".join(said for said, holds in faults.items() if holds)


def run(progress: Callable[[str], None], *, short: bool) -> list[Figure]:
    """Every point; short: likewise, because a point left out is a point not tried."""
    del short
    with tempfile.TemporaryDirectory(prefix="pentimento-drill-") as name, RedisControl(Path(name)) as control:
        place = Path(name)
        (place / "good.png").write_bytes(picture())
        (place / "bad.png").write_bytes(b"no picture")
        with ThreadPoolExecutor(4) as pool:
            ended = list(pool.map(lambda point: crash_at(point, control.url, place), POINTS))
    for one in ended:
        progress(f"{one.point}: {one.wrong() or 'all is well'}")
    return _figures(ended)


def crash_at(point: str, redis_url: str, place: Path) -> Ended:
    """A job whose first worker ends at `point`, and whose second one does the rest. Each has keys of its own."""
    settings = _settings(point, redis_url, place)
    client: Any = redis.Redis.from_url(redis_url, decode_responses=True)
    with client:
        book = Book(client, settings.redis_prefix)
        job = _accept(book, place, settings)
        first = live(settings.model_copy(update={"crash_at": point}), job)
        last = live(settings, job)
        with Watch(job, Feed(client, settings.redis_prefix)) as watch:
            watch.catch_up()
        folder = Path(book.describe(job).results_uri.removeprefix("file://"))
        return Ended(point, first == EXIT_CODE, last, count(book, job, folder, watch))


def _settings(point: str, redis_url: str, place: Path) -> Settings:
    return Settings.model_validate(
        {
            "redis_url": redis_url,
            "redis_prefix": f"{point}:",
            "output_uri": f"file://{place}/{point}",
            "input_roots": (place,),
            "backend": "paced",
            "paced_seconds": 0.01,
            "lease_seconds": LEASE_SECONDS,
            "tick_seconds": 0.1,
            "retry_base_seconds": 0.1,
            "concurrency": 2,
            "cache_dir": place / "cache",
            "log_level": "error",
        }
    )


def _accept(book: Book, place: Path, settings: Settings) -> str:
    spec = freeze(parse_manifest(MANIFEST.format(folder=f"file://{place}"), source="drill", format="yaml"), seed_base=7)
    job, sweep = new_job_id(1, settings.redis_prefix.encode()[:10].ljust(10, b"-")), Sweep(spec)
    book.accept(
        job=job, caller="drill", lane=Lane.NORMAL, name="", spec=canonical_json(spec), spec_hash="0" * 64,
        count=sweep.count, total=len(sweep), models=("tiny",), max_failures=None, idempotency_key=None,
        results_uri=results_uri(settings.output_uri, None, caller="drill", job=job), body_hash="",
    )  # fmt: skip
    return job


def _figures(ended: list[Ended]) -> list[Figure]:
    tallies = [one.tally for one in ended]
    half = tallies[0].count // 2

    def number(name: str, value: int, goal: int = 0) -> Figure:
        return Figure(name, value, "", str(goal), value == goal)

    return [
        number("points at which a worker ended", sum(one.crashed for one in ended), len(POINTS)),
        number("jobs brought to their end by the next worker", sum(one.exit_code == 0 for one in ended), len(POINTS)),
        number("lost", sum(tally.lost for tally in tallies)),
        number("doubled", sum(tally.doubled for tally in tallies)),
        number("leases left", sum(tally.leases for tally in tallies)),
        number("objects", sum(tally.objects for tally in tallies), half * len(POINTS)),
        number("settled", sum(tally.settled for tally in tallies), half * len(POINTS)),
        number("refused, as they should be", sum(tally.refused for tally in tallies), half * len(POINTS)),
        number("torn", sum(tally.torn for tally in tallies)),
        Figure("rendered again", sum(tally.rerenders for tally in tallies), ""),
    ]
