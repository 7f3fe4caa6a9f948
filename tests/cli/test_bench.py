"""Benches are found by listing a folder, and their figures say what they depend on."""

from pathlib import Path

import pytest

from api.cli import bench
from api.cli.exits import EXITS
from jobs.errors import NotFound
from tests.cli.conftest import Cli

A_BENCH = """
from api.cli.bench import Figure
NAME = "one"
SUMMARY = "How fast one is."
RUNS = 3
def run(progress):
    progress("measuring")
    return [Figure("time", RUNS / 2, "ms", "at most 2 ms", met=True), Figure("size", 10, "kB")]
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with one bench, in place of the checkout's."""
    (tmp_path / "benches").mkdir()
    (tmp_path / "benches/one.py").write_text(A_BENCH)
    monkeypatch.setattr(bench, "benches", lambda read=bench.benches: read(tmp_path / "benches"))
    return tmp_path


def test_every_bench_of_the_checkout_is_listed(cli: Cli) -> None:
    ran = cli("bench", "--list", "--json")

    listed = ran.json["benches"]
    assert isinstance(listed, list)
    assert "submit" in {one["name"] for one in listed}


def test_every_bench_says_how_often_it_measures(cli: Cli) -> None:
    # Found by reading, since loading some of them takes seconds: one without would fail after it has measured.
    silent = [found.path.name for found in bench.benches().values() if "\nRUNS = " not in found.path.read_text()]

    assert silent == []


def test_figures_come_with_goal_verdict_and_context(cli: Cli, folder: Path) -> None:
    ran = cli("bench", "one", "--json")

    assert ran.json["bench"] == "one"
    assert ran.json["figures"] == [
        {"name": "time", "value": 1.5, "unit": "ms", "goal": "at most 2 ms", "met": True},
        {"name": "size", "value": 10, "unit": "kB", "goal": "", "met": None},
    ]
    context = ran.json["context"]
    assert isinstance(context, dict)
    assert context.keys() == {"versions", "cores", "device", "runs", "date"}
    assert context["runs"] == 3


def test_the_number_of_runs_can_be_said(cli: Cli, folder: Path) -> None:
    ran = cli("bench", "one", "--runs", "2", "--json")

    figures, context = ran.json["figures"], ran.json["context"]
    assert isinstance(figures, list)
    assert isinstance(context, dict)
    assert (figures[0]["value"], context["runs"]) == (1.0, 2)


def test_people_get_a_table(cli: Cli, folder: Path) -> None:
    ran = cli("bench", "one")

    assert ran.out.splitlines()[1].split() == ["time", "1.5", "ms", "at", "most", "2", "ms", "yes"]
    assert ran.err == "measuring\n"


def test_an_unknown_bench_is_answered_with_those_there_are(cli: Cli, folder: Path) -> None:
    ran = cli("bench", "two")

    assert ran.code == EXITS[NotFound]
    assert "There are: one" in ran.err
