"""One backend with the small model for all of the engine's tests: loading it takes longer than most of them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from jobs.models import ModelTable
from jobs.settings import Settings
from worker.backends.local import LocalBackend


@pytest.fixture(scope="session")
def cache_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the small weights are made."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="session")
def local(cache_dir: Path) -> Iterator[LocalBackend]:
    """The engine on one CPU thread."""
    backend = LocalBackend(ModelTable.load(), Settings(cache_dir=cache_dir, device="cpu", threads=1))
    yield backend
    backend.close()
