"""A download is progress: who waits for a model that comes in slowly is not taken for one whose device hangs."""

import threading
from collections.abc import Mapping
from pathlib import Path

import pytest
from huggingface_hub import constants
from huggingface_hub.file_download import repo_folder_name

from jobs.errors import ModelUnavailable
from jobs.models import ModelTable
from jobs.settings import Settings
from tests.engine.orders import order
from worker.backends import Refused
from worker.backends.local import LocalBackend
from worker.engine import fetching
from worker.engine.fetching import fetched_bytes, telling

TABLE = ModelTable.load(None)
SDXL = TABLE.resolve("sdxl")
WAIT_SECONDS = 60


@pytest.fixture
def blobs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the hub's files of SDXL would come in, looked at all the time."""
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(fetching, "LOOK_SECONDS", 0.01)
    folder = tmp_path / repo_folder_name(repo_id=SDXL.source, repo_type="model") / "blobs"
    folder.mkdir(parents=True)
    return folder


def test_bytes_that_arrive_are_progress(blobs: Path) -> None:
    moved = threading.Event()

    with telling(SDXL, lambda _: moved.set()):
        (blobs / "abc.incomplete").write_bytes(b"x" * 100_000)
        arrived = moved.wait(WAIT_SECONDS)

    assert arrived
    assert fetched_bytes(SDXL.source) >= 100_000


def test_a_download_that_stands_still_is_none(blobs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (blobs / "abc.incomplete").write_bytes(b"x" * 100_000)
    looked = threading.Semaphore(0)
    moved = threading.Event()

    def measured(source: str) -> int:
        looked.release()
        return fetched_bytes(source)

    monkeypatch.setattr(fetching, "fetched_bytes", measured)
    with telling(SDXL, lambda _: moved.set()):
        for _ in range(5):
            assert looked.acquire(timeout=WAIT_SECONDS)

    assert not moved.is_set()


def test_an_order_that_waits_for_a_download_tells_that_it_goes_on(
    blobs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    moved = threading.Event()

    def load(*_: object, **__: object) -> None:
        (blobs / "abc.incomplete").write_bytes(b"x" * 100_000)
        said = "went on" if moved.wait(WAIT_SECONDS) else "stood still"
        raise ModelUnavailable(said)

    monkeypatch.setattr("worker.engine.loading.load", load)
    backend = LocalBackend(TABLE, Settings(cache_dir=tmp_path, device="cpu"))
    told: list[Mapping[str, int]] = []

    def step(_: int) -> None:
        told.append(backend.loading)
        moved.set()

    try:
        wanted = iter([order(0, model="sdxl")])
        (outcome,) = backend.render(wanted, stop=threading.Event(), on_step=step)
        told.append(backend.loading)
    finally:
        backend.close()

    assert isinstance(outcome, Refused)
    assert str(outcome.error) == "went on"
    assert told[0]["sdxl"] >= 100_000
    assert told[-1] == {}
