"""Farms for the stories, and a small client that speaks plain HTTP to them."""

import io
import json
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Self

import httpx
import pytest
from PIL import Image

from api.stack import Stack

QUICK = {
    "PENTIMENTO_LEASE_SECONDS": "3",
    "PENTIMENTO_TICK_SECONDS": "0.2",
    "PENTIMENTO_RETRY_BASE_SECONDS": "0.2",
    "PENTIMENTO_MAX_ATTEMPTS": "2",
    "PENTIMENTO_THREADS": "1",
}
"""Faults are noticed in seconds, so that a story about them is short."""


def picture(hue: int, *, size: int = 64) -> bytes:
    """A small PNG with a shape in it, another one for each hue (0..255)."""
    image = Image.radial_gradient("L").resize((size, size)).point(lambda value: (value + hue) % 256)
    file = io.BytesIO()
    Image.merge("RGB", (image, image.rotate(90), image.transpose(Image.Transpose.FLIP_LEFT_RIGHT))).save(file, "PNG")
    return file.getvalue()


class Farm:
    """A farm that runs, and what a user does with it."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.http = httpx.Client(base_url=stack.api_url, timeout=30, trust_env=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def upload(self, data: bytes) -> str:
        answer = self.http.post("/v1/uploads", content=data)
        assert answer.status_code in {200, 201}, answer.text
        return str(answer.json()["uri"])

    def submit(self, spec: Mapping[str, Any], **headers: str) -> str:
        answer = self.http.post("/v1/jobs", json=spec, headers=headers)
        assert answer.status_code in {200, 201}, answer.text
        return str(answer.json()["id"])

    def job(self, job: str) -> dict[str, Any]:
        found: dict[str, Any] = self.http.get(f"/v1/jobs/{job}").raise_for_status().json()
        return found

    def until(self, job: str, holds: Callable[[dict[str, Any]], bool], *, seconds: float = 60) -> dict[str, Any]:
        """The job as soon as something holds of it; the logs of the farm if it doesn't come to that."""
        deadline = time.monotonic() + seconds
        while not holds(view := self.job(job)):
            if time.monotonic() > deadline:
                logs = "\n".join(path.read_text()[-2000:] for path in self.stack.folder.path.glob("logs/*.log"))
                pytest.fail(f"it never came to that: {view}\n{logs}")
            time.sleep(0.05)
        return view

    def finished(self, job: str, *, seconds: float = 90) -> dict[str, Any]:
        return self.until(job, lambda view: bool(view["written"]), seconds=seconds)

    def records(self, job: str) -> list[dict[str, Any]]:
        """All result records, page by page."""
        found: list[dict[str, Any]] = []
        cursor = ""
        while cursor is not None:
            page = self.http.get(f"/v1/jobs/{job}/results", params={"limit": 7, "cursor": cursor}).json()
            found += page["records"]
            cursor = page["next_cursor"]
        return found

    def stored(self, job: str) -> Path:
        """The folder that holds the job's objects."""
        return Path(self.stack.folder.objects) / "pentimento" / "default" / job

    def pictures(self, job: str) -> list[Path]:
        return sorted((self.stored(job) / "pictures").rglob("*.png"))

    def lines(self, job: str, name: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (self.stored(job) / name).read_text().splitlines()]


def farm_of(folder: Path, **environment: str) -> Iterator[Farm]:
    """A farm over `folder` until the block ends."""
    with Stack(folder / "data", extra_env={**QUICK, **environment}) as stack, Farm(stack) as farm:
        yield farm


@pytest.fixture(scope="session")
def farm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Farm]:
    """A farm whose worker really renders, with the small generated model."""
    engines = "stable-diffusion-xl-1024-v0-9=tiny,stable-diffusion-xl-1024-v1-0=tiny"
    yield from farm_of(tmp_path_factory.mktemp("farm"), PENTIMENTO_LEASE_SECONDS="30", PENTIMENTO_ENGINES=engines)


@pytest.fixture
def paced_farm(tmp_path: Path) -> Iterator[Farm]:
    """A farm of its own whose worker takes a twentieth of a second for each picture, to be broken at will."""
    yield from farm_of(tmp_path, PENTIMENTO_BACKEND="paced", PENTIMENTO_PACED_SECONDS="0.05")
