"""The commands of deploy/README.md are ones that a shell and pentimento take, and lead from one host to two."""

import re
import subprocess
from pathlib import Path

import typer.main

from api.cli.app import app
from tests.deploy.described import DEPLOY, ROOT, drawn_secrets, services
from tests.deploy.walk import section

GUIDE = (DEPLOY / "README.md").read_text()
BLOCKS = re.findall(r"(?ms)^```sh\n(.*?)^```$", GUIDE)


def test_every_block_is_one_that_a_shell_takes() -> None:
    for block in BLOCKS:
        subprocess.run(["bash", "-n"], input=block, text=True, check=True, timeout=10)

    assert len(BLOCKS) > 10


def test_every_block_is_one_that_a_test_runs() -> None:
    laptop, *others = [section(number) for number in range(1, 6)]
    readme = (ROOT / "README.md").read_text()

    assert [block for blocks in (laptop, *others) for block in blocks] == BLOCKS
    assert len(laptop) == 1
    assert f"```sh\n{laptop[0]}```" in readme  # whose tour is walked by its own test
    assert [len(blocks) for blocks in others] == [3, 2, 1, 4]  # test_walk: steps 2 and 3; test_elsewhere: 4 and 5


def test_commands_and_files_are_there() -> None:
    known = set(typer.main.get_command(app).commands)  # type: ignore[attr-defined]  # a group
    commands = set(re.findall(r"(?:\./|`)pentimento (\w[\w-]*)", GUIDE))
    paths = set(re.findall(r"\b(?:deploy|jobs)/[\w./@-]*\w", GUIDE)) - {"deploy/.env", "deploy/compose.override.yaml"}

    assert commands - known == set()
    assert {"keys", "workers", "recover", "doctor"} <= commands
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_what_the_head_writes_for_another_box_is_what_that_box_asks_for(tmp_path: Path) -> None:
    drawn = drawn_secrets()
    (tmp_path / "deploy").mkdir()
    (tmp_path / "deploy" / ".env").write_text("".join(f"{name}={value}\n" for name, value in drawn.items()))
    (block,) = [block for block in BLOCKS if "worker.env)" in block]
    (writing,) = re.findall(r"(?s)\(umask 077\n sed.*?worker\.env\)", block)

    shell = f"export HEAD=10.0.0.1\n{writing}"
    subprocess.run(["bash", "-eu"], input=shell, cwd=tmp_path, text=True, check=True, timeout=10)

    told = dict(line.split("=", 1) for line in (tmp_path / "worker.env").read_text().splitlines())
    environment = services(DEPLOY / "compose.worker.yaml", told)["worker"].environment
    described = services(DEPLOY / "compose.yaml", drawn)["worker"].environment
    assert environment["PENTIMENTO_REDIS_URL"] == f"redis://:{drawn['REDIS_PASSWORD']}@10.0.0.1:6379/0"
    assert environment["PENTIMENTO_S3_ENDPOINT"] == "http://10.0.0.1:9000"
    same = set(environment) - {"PENTIMENTO_REDIS_URL", "PENTIMENTO_S3_ENDPOINT"}
    assert {name: environment[name] for name in same} == {name: described[name] for name in same}
    assert "ADMIN_KEY" not in told


def test_headings_that_are_linked_are_there() -> None:
    anchors = {re.sub(r"[^\w -]", "", line.lower()).replace(" ", "-") for line in re.findall(r"(?m)^#+ (.*)$", GUIDE)}

    assert set(re.findall(r"\(#([\w-]+)\)", GUIDE)) <= anchors
