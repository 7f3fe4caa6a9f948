"""Promises of `./pentimento`: it says what is missing, installs once, and becomes the command."""

import ast
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parent.parent.parent
LAUNCHER = ROOT / "pentimento"
OLD_PYTHON = f"""#!{sys.executable}
import sys
sys.version_info, sys.version, sys.argv = (3, 9, 2), "3.9.2 (old)", sys.argv[1:]
exec(open(sys.argv[0]).read(), {{"__name__": "__main__", "__file__": sys.argv[0]}})
"""
HOLD = """
import fcntl, os, sys
fcntl.flock(os.open(sys.argv[1], os.O_RDONLY), fcntl.LOCK_EX)
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def launcher(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The launcher as a module, over an empty folder for its virtual environment."""
    venv = tmp_path / "venv"
    venv.mkdir()
    monkeypatch.setenv("PENTIMENTO_VENV", str(venv))
    loader = SourceFileLoader("launcher", str(LAUNCHER))
    spec = importlib.util.spec_from_loader("launcher", loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    loader.exec_module(module)
    return module


@pytest.fixture
def said(launcher: ModuleType, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    lines: list[str] = []
    monkeypatch.setattr(launcher, "tell", lines.append)
    return lines


def make_venv_of(launcher: ModuleType, folder: Path) -> None:
    """What a finished virtual environment looks like to the launcher."""
    (folder / "bin").mkdir()
    (folder / "pyvenv.cfg").write_text("version = 3.11.7\n")
    (folder / "bin" / "python").symlink_to(sys.executable)
    launcher.write_stamp(launcher.state_key(), {"gpu"})


def test_every_line_parses_on_a_python_that_is_too_old() -> None:
    ast.parse(LAUNCHER.read_text(), feature_version=(3, 6))


def test_an_old_python_is_told_what_to_install(tmp_path: Path) -> None:
    stub = tmp_path / "python3"
    stub.write_text(OLD_PYTHON)
    stub.chmod(0o755)

    ran = subprocess.run(
        [stub, LAUNCHER, "--version"],
        env={"PATH": str(tmp_path), "PENTIMENTO_VENV": str(tmp_path / "venv")},
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.returncode == 1
    assert "needs Python 3.11 or newer, and this is 3.9.2" in ran.stderr
    assert "apt install" in ran.stderr


def test_an_old_python_goes_on_in_a_newer_one_on_the_path(tmp_path: Path) -> None:
    stub = tmp_path / "python3"
    stub.write_text(OLD_PYTHON)
    stub.chmod(0o755)
    newer = tmp_path / "python3.12"
    newer.write_text('#!/bin/sh\n[ "$1" = -c ] && exit 0\necho went on with "$2" "$3"\n')
    newer.chmod(0o755)

    ran = subprocess.run(
        [stub, LAUNCHER, "jobs", "--json"],
        env={"PATH": str(tmp_path), "PENTIMENTO_VENV": str(tmp_path / "venv")},
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.stdout == "went on with jobs --json\n"


@pytest.mark.parametrize("module", ["venv", "ensurepip"])
def test_a_python_without_venv_is_told_the_package(
    launcher: ModuleType, monkeypatch: pytest.MonkeyPatch, module: str
) -> None:
    monkeypatch.setattr(launcher.importlib.util, "find_spec", lambda name: None if name == module else object())

    with pytest.raises(launcher.CannotGoOn, match=rf"lacks its {module} module.* apt install python3\.\d+-venv"):
        launcher.check_prerequisites(set())


def test_a_full_disk_is_said_before_anything_is_fetched(launcher: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage("/")
    monkeypatch.setattr(launcher.shutil, "disk_usage", lambda _: usage._replace(free=1_000_000_000))

    launcher.check_prerequisites(set())
    with pytest.raises(launcher.CannotGoOn, match=r"1\.0 GB free, and about 2\.6 GB are needed"):
        launcher.check_prerequisites({"gpu", "embedded"})


def test_what_is_installed_already_needs_no_room(
    launcher: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    make_venv_of(launcher, tmp_path / "venv")
    usage = shutil.disk_usage("/")
    monkeypatch.setattr(launcher.shutil, "disk_usage", lambda _: usage._replace(free=300_000_000))

    launcher.check_prerequisites({"gpu", "embedded"})


def test_a_folder_with_other_things_is_left_alone(launcher: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "venv" / "thesis.tex").touch()

    with pytest.raises(launcher.CannotGoOn, match="something else than a virtual environment"):
        launcher.check_prerequisites(set())


def test_a_checkout_that_cannot_be_written_to_is_said(launcher: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launcher.os, "access", lambda *_: False)

    with pytest.raises(launcher.CannotGoOn, match="PENTIMENTO_VENV"):
        launcher.lock_venv()


def test_two_launchers_do_not_install_at_once(launcher: ModuleType, said: list[str], tmp_path: Path) -> None:
    took: list[int] = []
    argv = [sys.executable, "-c", HOLD, str(tmp_path / "venv")]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"

        waiting = threading.Thread(target=lambda: took.append(launcher.lock_venv()))
        waiting.start()
        while not said:
            time.sleep(0.01)
        took_while_held = list(took)
        other.communicate()
        waiting.join(30)

    assert "waiting for it" in said[0]
    assert not took_while_held
    os.close(took[0])


@pytest.mark.parametrize(
    ("args", "extras"),
    [
        ([], set()),
        (["--help"], set()),
        (["up", "--help"], set()),
        (["submit", "x.yaml"], set()),
        (["up"], {"gpu", "embedded"}),
        (["worker"], {"gpu", "embedded"}),
        (["demo", "--keep"], {"gpu", "embedded"}),
        (["test", "-k", "ledger"], {"gpu", "embedded", "dev"}),
        (["bench"], {"gpu", "embedded", "dev"}),
        (["--json", "demo"], {"gpu", "embedded"}),
        (["--api", "http://up", "jobs"], set()),
        (["--api", "http://up", "worker"], {"gpu", "embedded"}),
    ],
)
def test_a_command_installs_what_it_needs_and_no_more(launcher: ModuleType, args: list[str], extras: set[str]) -> None:
    assert launcher.wanted_extras(args) == extras


def test_what_is_installed_is_not_looked_at_again(launcher: ModuleType, tmp_path: Path) -> None:
    make_venv_of(launcher, tmp_path / "venv")

    assert launcher.is_installed(set())
    assert launcher.is_installed({"gpu"})
    assert not launcher.is_installed({"gpu", "dev"})


@pytest.mark.parametrize("change", ["pyvenv.cfg", "bin/python", "pentimento-installed.json"])
def test_a_changed_environment_is_installed_anew(launcher: ModuleType, tmp_path: Path, change: str) -> None:
    make_venv_of(launcher, tmp_path / "venv")

    (tmp_path / "venv" / change).unlink()

    assert not launcher.is_installed(set())


def test_an_interrupted_install_remembers_what_it_was_after(launcher: ModuleType, tmp_path: Path) -> None:
    make_venv_of(launcher, tmp_path / "venv")

    launcher.write_stamp("", {"gpu", "dev"})

    assert not launcher.is_installed(set())
    assert launcher.read_stamp() == ("", {"gpu", "dev"})


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"key": 1}', "\x00", '{"key": "k", "extras": 3}'])
def test_a_damaged_stamp_counts_as_none(launcher: ModuleType, tmp_path: Path, text: str) -> None:
    (tmp_path / "venv" / "pentimento-installed.json").write_text(text)

    assert launcher.read_stamp() == ("", set())


@pytest.mark.parametrize(
    ("pip_said", "remedy"),
    [
        ("OSError: [Errno 28] No space left on device", "The disk is full"),
        ("ERROR: No matching distribution found for torch==2.13.0", "PENTIMENTO_TORCH_INDEX"),
        ("Max retries exceeded with url: /simple/", "cannot be reached"),
        ("something never seen before", "goes on where it stopped"),
    ],
)
def test_a_failed_install_shows_the_log_and_the_remedy(
    launcher: ModuleType, said: list[str], pip_said: str, remedy: str
) -> None:
    command = [sys.executable, "-c", f"print({pip_said!r}); raise SystemExit(1)"]

    with pytest.raises(launcher.CannotGoOn) as failed:
        launcher.follow("Installing", command)

    assert pip_said in str(failed.value)
    assert remedy in str(failed.value)
    assert said[0].startswith("Installing")


@pytest.mark.parametrize(
    ("log", "step"),
    [
        ("", "starting"),
        ("Collecting torch==2.13.0 (from x)\n  some detail\n", "collecting torch==2.13.0 (from x)"),
        ("Downloading torch-2.13.0.whl (754 MB)\n", "downloading torch-2.13.0.whl (754 MB)"),
        ("Collecting a\nInstalling collected packages: a, b\n", "unpacking (the longest part)"),
    ],
)
def test_progress_says_what_pip_is_at(launcher: ModuleType, tmp_path: Path, log: str, step: str) -> None:
    (tmp_path / "venv" / "install.log").write_text(log)

    assert launcher.last_step() == step


def test_a_second_run_starts_at_once(launcher: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """On the environment that runs these tests, where the launcher made it."""
    for name, value in (("VENV", sys.prefix), ("STAMP", str(Path(sys.prefix) / "pentimento-installed.json"))):
        monkeypatch.setattr(launcher, name, value)
    if not launcher.is_installed(set()):
        pytest.skip("these tests were not started by ./pentimento test")

    started = time.monotonic()
    environment = {**os.environ, "PENTIMENTO_VENV": sys.prefix}
    ran = subprocess.run([LAUNCHER, "--version"], env=environment, capture_output=True, text=True, check=False)
    took = time.monotonic() - started

    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.startswith("pentimento ")
    assert took < 5  # under one on an idle machine; others use this one


def test_tests_are_run_by_the_environment_of_the_checkout(
    launcher: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    became: list[list[str]] = []
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(launcher.subprocess, "call", lambda _: 0)
    monkeypatch.setattr(launcher.os, "execv", lambda _, argv: became.append(argv))

    launcher.run_tests(["-k", "ledger", "--install-system"])

    assert became == [[launcher.in_venv("bin", "python"), "-m", "pytest", "-k", "ledger"]]


def test_the_stamp_is_plain_json(launcher: ModuleType, tmp_path: Path) -> None:
    launcher.write_stamp("k", {"b", "a"})

    assert json.loads((tmp_path / "venv" / "pentimento-installed.json").read_text()) == {
        "key": "k",
        "extras": ["a", "b"],
    }
