"""The demo ends with pictures that decode or with a reason, and never leaves a process behind."""

import json
import os
import signal
import subprocess
from pathlib import Path

import pytest
from PIL import Image

from api.cli.exits import EXITS, INTERRUPTED, OK
from jobs.errors import CallersFault, WorldsFault
from tests.cli.conftest import Cli, Process

# The backend that gives the init image back: every other part is what a farm has.
QUICK = {"PENTIMENTO_BACKEND": "paced", "PENTIMENTO_PACED_SECONDS": "0"}
SLOW = QUICK | {"PENTIMENTO_PACED_SECONDS": "600"}


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Somebody's folder with two pictures and a text, and a name that YAML would not like."""
    folder = tmp_path / "my pictures"
    folder.mkdir()
    Image.linear_gradient("L").resize((64, 64)).convert("RGB").save(folder / 'a "b": c.png')
    Image.radial_gradient("L").resize((64, 64)).convert("RGB").save(folder / "d.JPG", "JPEG")
    (folder / "notes.txt").write_text("no picture")
    return folder


def _family(pid: int) -> dict[int, str]:
    """The descendants of a process, with their command lines."""
    children = Path(f"/proc/{pid}/task").glob("*/children")
    found: dict[int, str] = {}
    for child in (int(word) for text in children for word in text.read_text().split()):
        found[child] = Path(f"/proc/{child}/cmdline").read_text().replace("\0", " ")
        found |= _family(child)
    return found


def _alive(pids: dict[int, str]) -> list[str]:
    return [said for pid, said in pids.items() if Path(f"/proc/{pid}/cmdline").exists()]


def _until(running: "subprocess.Popen[str]", said: str) -> None:
    assert running.stderr is not None
    for line in running.stderr:
        if said in line:
            return
    pytest.fail(f"ended without saying {said!r}")


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_a_demo_makes_every_picture_on_its_first_run_and_on_its_second(
    process: Process, pictures: Path, tmp_path: Path
) -> None:
    jobs = []
    for _ in range(2):
        with process("demo", "--images", "my pictures", "--data", "d", "--json", **QUICK) as running:
            out, err = running.communicate(timeout=60)
        assert (running.returncode, err) == (OK, "")
        jobs.append(json.loads(out))

    assert jobs[0]["job"]["id"] != jobs[1]["job"]["id"]
    for told in jobs:
        files = [path for path in (tmp_path / told["files"]).rglob("*.png") if path.is_file()]
        assert (told["whole"], told["job"]["count"], len(files)) == (True, 8, 8)
        assert {path.name for path in files} <= {path.name for path in (tmp_path / told["stored as"]).rglob("*.png")}
    with Image.open(tmp_path / jobs[1]["sheet"]) as sheet:
        sheet.load()
    assert (tmp_path / jobs[1]["manifest"]).read_text().count("my pictures") == 2


@pytest.mark.timeout(400)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_demo_that_is_stopped_leaves_nothing_running(
    process: Process, pictures: Path, number: signal.Signals
) -> None:
    with process("demo", "--images", "my pictures", "--data", "d", **SLOW) as running:
        _until(running, "is accepted")
        farm = _family(running.pid)
        running.send_signal(number)
        _, err = running.communicate(timeout=60)

    assert any("-m worker" in said for said in farm.values())
    assert running.returncode == INTERRUPTED, err
    assert err.endswith("Stopped; nothing is left running.\n")
    assert _alive(farm) == []


@pytest.mark.timeout(400)
def test_a_demo_whose_worker_dies_says_so_instead_of_waiting(process: Process, pictures: Path) -> None:
    with process("demo", "--images", "my pictures", "--data", "d", **SLOW) as running:
        _until(running, "is accepted")
        farm = _family(running.pid)
        os.kill(next(pid for pid, said in farm.items() if "-m worker" in said), signal.SIGKILL)
        _, err = running.communicate(timeout=60)

    assert running.returncode == EXITS[WorldsFault]
    assert "worker was killed by SIGKILL" in err
    assert _alive(farm) == []


def test_a_folder_without_pictures_is_refused_before_anything_starts(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()

    ran = cli("demo", "--images", "empty", "--data", "d")

    assert ran.code == EXITS[CallersFault]
    assert "--images empty holds 0 pictures" in ran.err
    assert not (tmp_path / "d/redis").exists()
