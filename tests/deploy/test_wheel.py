"""The wheel holds what the program needs when it runs, and nothing else: a forgotten file shows only once installed."""

import zipfile
from collections.abc import Iterator
from email.message import Message
from email.parser import Parser
from pathlib import Path

import pytest
from hatchling.builders.wheel import WheelBuilder

ROOT = Path(__file__).parents[2]
ROOMS = ("jobs", "api", "worker")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[zipfile.ZipFile]:
    """The wheel of this checkout, as `pip wheel .` builds it."""
    folder = tmp_path_factory.mktemp("wheel")
    (built,) = WheelBuilder(str(ROOT)).build(directory=str(folder), versions=["standard"])
    with zipfile.ZipFile(built) as whole:
        yield whole


@pytest.fixture(scope="module")
def names(wheel: zipfile.ZipFile) -> set[str]:
    """Every file in it."""
    return {name for name in wheel.namelist() if not name.endswith("/")}


@pytest.fixture(scope="module")
def metadata(wheel: zipfile.ZipFile, names: set[str]) -> Message:
    """What it says of itself."""
    (name,) = (name for name in names if name.endswith(".dist-info/METADATA"))
    return Parser().parsestr(wheel.read(name).decode())


def test_every_file_of_the_rooms_is_in_the_wheel(names: set[str]) -> None:
    here = {str(path.relative_to(ROOT)) for room in ROOMS for path in (ROOT / room).rglob("*") if path.is_file()}

    assert {name for name in here if "__pycache__" not in name} - names == set()


def test_nothing_but_the_rooms_is_in_the_wheel(names: set[str]) -> None:
    strangers = {name for name in names if name.partition("/")[0] not in ROOMS and ".dist-info/" not in name}

    assert strangers == set()
    assert not [name for name in names if "__pycache__" in name or "/tests/" in name]


@pytest.mark.parametrize(
    "name",
    [
        "api/cli/demo.yaml",
        "api/dashboard/index.html",
        "jobs/ledger/lua/lease.lua",
        "jobs/models.toml",
        "jobs/presets.toml",
        "worker/demo_model/weights/unet/diffusion_pytorch_model.safetensors",
    ],
)
def test_what_no_import_would_miss_is_there(names: set[str], name: str) -> None:
    assert name in names


def test_an_installed_wheel_has_its_command_and_its_licence(wheel: zipfile.ZipFile, names: set[str]) -> None:
    (entry,) = (name for name in names if name.endswith("entry_points.txt"))

    assert "pentimento = api.cli:main" in wheel.read(entry).decode()
    assert {Path(name).name for name in names if ".dist-info/licenses/" in name} == {"LICENSE", "NOTICE"}


def test_the_extras_are_those_that_the_launcher_installs(metadata: Message) -> None:
    assert set(metadata.get_all("Provides-Extra", [])) >= {"gpu", "embedded", "dev"}
    assert metadata["Requires-Python"] == ">=3.11"
