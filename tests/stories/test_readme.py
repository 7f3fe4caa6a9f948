"""The README's commands, run in the order in which a newcomer meets them, in an empty folder."""

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from api.stack.ports import free_port
from api.stack.probes import http_answers

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"(?ms)^```sh\n(.*?)^```$", README)


def test_ci_calls_exactly_the_readmes_test_command() -> None:
    script = (ROOT / ".ci" / "run").read_text()

    commands = [line for line in script.splitlines() if line and not line.startswith(("#", "set ", "cd "))]

    assert commands == ["./pentimento test"]
    assert "./pentimento test\n" in BLOCKS


def test_the_readme_names_only_files_and_settings_that_exist() -> None:
    named = re.findall(r"`((?:jobs|deploy|tests|api|worker)/[\w./-]+|[A-Z]+\.md|LICENSE)`|\]\(([\w./-]+)\)", README)
    paths = [first or second for first, second in named]
    settings = (ROOT / "jobs" / "settings.py").read_text()
    listed = README.partition("first: ")[2].partition(". Without")[0]

    assert len(paths) > 5
    assert [path for path in paths if not (ROOT / path).exists()] == []
    assert [name for name in re.findall(r"`([A-Z_0-9]+)`", listed) if f"    {name.lower()}:" not in settings] == []


@contextmanager
def farm(command: str, folder: Path, port: str) -> Iterator[None]:
    """What the reader keeps running in another terminal."""
    with (
        (folder / "up.log").open("w") as log,
        subprocess.Popen(command.split(), cwd=folder, stdout=log, stderr=log) as up,
    ):
        try:
            while not (folder / ".pentimento" / "stack.json").exists():
                assert up.poll() is None, (folder / "up.log").read_text()
                time.sleep(0.05)
            assert http_answers(f"http://127.0.0.1:{port}/readyz")
            yield
        finally:
            up.terminate()
            up.wait(timeout=60)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.system("curl")
def test_the_tour_works_as_it_is_written(tmp_path: Path) -> None:
    launcher = tmp_path / "pentimento"
    launcher.write_text(f'#!/bin/sh\nexec "{Path(sys.executable).parent / "pentimento"}" "$@"\n')
    launcher.chmod(0o755)
    port = str(free_port())
    demo, tests, up, *tour = [block.replace("7801", port) for block in BLOCKS]

    def run(block: str) -> str:
        shell = ["bash", "-euo", "pipefail"]
        ran = subprocess.run(shell, input=block, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert ran.returncode == 0, f"{block}\n{ran.stdout}\n{ran.stderr}"
        return ran.stdout

    assert (demo.strip(), tests.strip()) == ("./pentimento demo", "./pentimento test")
    run(demo)
    assert (tmp_path / ".pentimento" / "demo" / "sheet.png").stat().st_size > 10_000
    with farm(up.strip(), tmp_path, port):
        said = [run(block) for block in tour]

    kept = tmp_path / "pictures"
    assert len(list((kept / "pictures").rglob("*.png"))) == 8
    assert all((kept / name).stat().st_size for name in ("results.jsonl", "manifest.json", "sheet.png"))
    assert said[-1].count('"id":') >= 3
