"""Promises about tools that pip cannot install."""

from pathlib import Path

import pytest

from tests import system_tools

ABSENT = '[no-such-tool]\napt = "no-such-package"\nfor = "nothing"\n'


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "tools.toml"
    path.write_text(ABSENT + '[sh]\napt = "dash"\nfor = "everything"\n')
    return path


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    ran: list[list[str]] = []
    monkeypatch.setattr("subprocess.call", ran.append)
    return ran


def test_the_table_of_this_checkout_is_whole() -> None:
    system_tools.missing_tools()


def test_only_what_the_path_lacks_is_missing(table: Path) -> None:
    assert system_tools.missing_tools(table) == {"no-such-tool": "no-such-package"}


def test_nothing_is_installed_unasked(
    table: Path, installed: list[list[str]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("CI", raising=False)

    code = system_tools.main([], table)

    assert (code, installed) == (0, [])
    assert capsys.readouterr().err.count("\n") == 1


def test_asked_for_it_installs_with_apt(
    table: Path, installed: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CI", raising=False)

    code = system_tools.main(["--install-system"], table)

    assert code == 0
    assert installed[0][-3:] == ["apt-get", "update", "-q"]
    assert installed[1][-5:] == ["apt-get", "install", "-y", "--no-install-recommends", "no-such-package"]


def test_in_ci_what_stays_missing_is_a_failure(
    table: Path, installed: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI", "true")

    code = system_tools.main([], table)

    assert code == 1
    assert [argv[-4:-1] for argv in installed[1:]] == [["install", "-y", "--no-install-recommends"]]
