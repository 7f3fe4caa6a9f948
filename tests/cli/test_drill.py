"""Drills are found by listing a folder; a goal that is missed is an exit code, so that a night's script notices."""

from collections.abc import Callable
from types import SimpleNamespace

import pytest

from api.cli import drill
from api.cli.bench import Figure
from api.cli.exits import EXITS
from jobs.errors import NotFound
from tests.cli.conftest import Cli


@pytest.fixture
def one(monkeypatch: pytest.MonkeyPatch) -> None:
    """A drill that loses nothing in its short form, and two variants in its long one."""

    def run(progress: Callable[[str], None], *, short: bool) -> list[Figure]:
        progress("breaking things")
        lost = 0 if short else 2
        return [Figure("lost", lost, "", "0", lost == 0)]

    known = {"one": SimpleNamespace(NAME="one", SUMMARY="Breaks one thing.", run=run)}
    monkeypatch.setattr(drill, "drills", lambda: known)


def test_every_drill_of_the_checkout_is_listed(cli: Cli) -> None:
    ran = cli("drill", "--list", "--json")

    listed = ran.json["drills"]
    assert isinstance(listed, list)
    names = {
        "kill",
        "zombie",
        "broker",
        "redis",
        "s3",
        "disk",
        "restart",
        "crash-points",
        "million",
        "fair",
        "resume",
        "schema",
        "fuzz-images",
    }
    assert {one["name"] for one in listed} == names | {"books"}


def test_a_tally_comes_with_goals_verdicts_and_its_form(cli: Cli, one: None) -> None:
    ran = cli("drill", "one", "--short", "--json")

    assert ran.code == 0
    assert ran.json["figures"] == [{"name": "lost", "value": 0, "unit": "", "goal": "0", "met": True}]
    assert ran.json["context"]["form"] == "short"  # type: ignore[index]
    assert ran.json["notes"] == ["breaking things"]


def test_a_missed_goal_is_exit_code_1(cli: Cli, one: None) -> None:
    ran = cli("drill", "one")

    assert ran.code == 1
    assert ran.out.splitlines()[1].split() == ["lost", "2", "0", "no"]


def test_an_unknown_drill_is_answered_with_those_there_are(cli: Cli, one: None) -> None:
    ran = cli("drill", "two")

    assert ran.code == EXITS[NotFound]
    assert "There are: one" in ran.err
