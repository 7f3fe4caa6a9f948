"""One backend with the small model for all of the engine's tests: loading it takes longer than most of them."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from jobs.models import ModelTable
from jobs.settings import Settings
from tests.engine.orders import Over
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


@pytest.fixture(scope="module")
def over(cache_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Over]:
    """Engines over small model tables, on one CPU thread each; closed after the module's tests."""
    with ExitStack() as opened:

        def open_over(table: str, folder: Path | None = None) -> LocalBackend:
            file = (folder or tmp_path_factory.mktemp("table")) / "models.toml"
            file.write_text(table)
            backend = LocalBackend(ModelTable.load(file), Settings(cache_dir=cache_dir, device="cpu", threads=1))
            opened.callback(backend.close)
            return backend

        yield open_over
