"""What planning adds to listing a prefix: names, pins and pages, beside a bare paginator over the same store."""

import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from boto3.session import Session
from botocore.config import Config

from api.cli.bench import Figure
from api.stack import Stack
from jobs.settings import Settings
from jobs.spec import parse_spec
from jobs.storage import open_storage
from jobs.storage.listing import write_pages
from worker.duties.reading import Reading
from worker.duties.sources import Names, Sources
from worker.intake import Intake

NAME = "freeze"
SUMMARY = "Listing, naming, pinning and storing a prefix of 10⁵ objects on the embedded S3, beside a bare paginator."
OBJECTS = 100_000
FOLDERS = 100
RUNS = 3
GOAL_SHARE = 0.8


def run(progress: Callable[[str], None]) -> list[Figure]:
    """Both in turn, on warm caches, the best of each."""
    with tempfile.TemporaryDirectory(prefix="pentimento-bench-") as folder, Stack(Path(folder) / "data") as stack:
        known = {name.removeprefix("PENTIMENTO_").lower(): value for name, value in stack.environment.items()}
        settings = Settings.model_validate(known)
        progress(f"making {OBJECTS:,} objects")
        _fill(Path(stack.folder.objects) / "pentimento" / "default" / "in")
        time.sleep(2)  # the store looks at its folders again after a second
        bare, frozen = [], []
        for number in range(RUNS):
            progress(f"round {number + 1} of {RUNS}")
            bare.append(_bare(settings))
            frozen.append(_frozen(settings))
    share = min(bare) / min(frozen)
    return [
        Figure("bare paginator", OBJECTS / min(bare), "objects/s"),
        Figure("listed, named, pinned and stored", OBJECTS / min(frozen), "objects/s"),
        Figure("of the paginator's speed", share * 100, "%", f"≥ {GOAL_SHARE:.0%}", share >= GOAL_SHARE),
    ]


def _fill(folder: Path) -> None:
    def fill(part: int) -> None:
        (folder / f"{part:03d}").mkdir(parents=True)
        for number in range(OBJECTS // FOLDERS):
            (folder / f"{part:03d}" / f"{number:05d}.png").write_bytes(b"x")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(fill, range(FOLDERS)))


def _bare(settings: Settings) -> float:
    session = Session(settings.s3_access_key, settings.s3_secret_key.get_secret_value(), region_name=settings.s3_region)
    client: Any = session.client(
        "s3", endpoint_url=settings.s3_endpoint, config=Config(s3={"addressing_style": "path"})
    )
    begun = time.perf_counter()
    pages = client.get_paginator("list_objects_v2").paginate(Bucket="pentimento", Prefix="default/in/")
    count = sum(len(page.get("Contents", ())) for page in pages)
    ended = time.perf_counter()
    assert count == OBJECTS, count
    return ended - begun


def _frozen(settings: Settings) -> float:
    storage = open_storage(settings)
    spec = parse_spec({"images": ["s3://pentimento/default/in/"], "model": "tiny", "prompt": "x"})
    begun = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        names = Names(Path(folder))
        reading = Reading(Intake(storage, settings), "default")
        sources = Sources(spec, storage, reading, names, frozenset({"tiny"}))
        count = write_pages(storage, "s3://pentimento/default/job/", "bench", sources.images())
        names.close()
    ended = time.perf_counter()
    assert count == OBJECTS, count
    return ended - begun
