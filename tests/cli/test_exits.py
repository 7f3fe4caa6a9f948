"""Every fault has its own exit code, and reads the same way wherever it came from."""

import json
from collections.abc import Iterator

import pytest

from api.cli.client import error_of
from api.cli.exits import EXITS, PLAIN, problem_json, problem_text
from jobs.errors import CallersFault, InvalidSpec, NotFound, PentimentoError, Problem, WorldsFault
from tests.cli.conftest import Canned, Cli


def _tree(kind: type[PentimentoError] = PentimentoError) -> Iterator[type[PentimentoError]]:
    yield kind
    for child in kind.__subclasses__():
        if child.__module__ == "jobs.errors":
            yield from _tree(child)


def test_every_class_of_the_error_tree_has_an_exit_code_of_its_own() -> None:
    assert set(EXITS) == set(_tree())
    assert len(set(EXITS.values())) == len(EXITS)
    assert not set(EXITS.values()) & set(PLAIN)


@pytest.mark.parametrize("kind", [kind for kind in EXITS if kind is not InvalidSpec])
def test_an_error_comes_back_from_the_api_as_what_it_was(kind: type[PentimentoError]) -> None:
    error = error_of(500, {"code": kind.code, "detail": "what", "remedy": "do this"})

    assert type(error) is kind
    assert (str(error), error.remedy) == ("what", "do this")


@pytest.mark.parametrize(("status", "kind"), [(418, CallersFault), (500, WorldsFault)])
def test_an_unknown_code_is_blamed_by_its_status(status: int, kind: type[PentimentoError]) -> None:
    error = error_of(status, {"code": "from_the_future", "detail": "hm"})

    assert type(error) is kind


def test_all_problems_of_a_manifest_are_shown_with_line_value_and_remedy() -> None:
    problems = [
        Problem("strenght", "unknown field", "0.5", "Did you mean strength?", 3),
        Problem("images[1].uri", "no such file", "boot.png", line=7),
        Problem("steps", "must be a whole number from 1 to 1000", '"many"'),
    ]

    text = problem_text(InvalidSpec(problems, source="autumn.yaml"))

    assert text == (
        "error: autumn.yaml has 3 problems\n"
        "  line 3, strenght: unknown field\n"
        "    got:    0.5\n"
        "    remedy: Did you mean strength?\n"
        "  line 7, images[1].uri: no such file\n"
        "    got:    boot.png\n"
        "  steps: must be a whole number from 1 to 1000\n"
        '    got:    "many"'
    )


def test_problems_survive_the_way_over_the_api() -> None:
    sent = InvalidSpec([Problem("steps", "too many", "5000", "At most 1000", 4)], source="m.yaml")

    back = error_of(422, json.loads(problem_json(sent)))

    assert isinstance(back, InvalidSpec)
    assert back.problems == sent.problems


def test_an_error_is_a_readable_block_on_stderr_and_nothing_on_stdout(cli: Cli, canned: Canned) -> None:
    canned.json(
        "GET", "/v1/jobs/j9", {"code": "not_found", "detail": "there is no job j9", "remedy": "List"}, status=404
    )

    ran = cli("show", "j9", "--api", canned.url)

    assert (ran.code, ran.out) == (EXITS[NotFound], "")
    assert ran.err == "error: there is no job j9\n  List\n"


def test_with_json_an_error_is_one_line_of_problem_json_on_stderr(cli: Cli, canned: Canned) -> None:
    canned.json("GET", "/v1/jobs/j9", {"code": "not_found", "detail": "there is no job j9"}, status=404)

    ran = cli("show", "j9", "--api", canned.url, "--json")

    assert ran.out == ""
    assert json.loads(ran.err) == {
        "code": "not_found", "detail": "there is no job j9", "remedy": "", "exit_code": EXITS[NotFound],
    }  # fmt: skip


def test_where_nobody_listens_the_command_says_how_to_start_an_api(cli: Cli) -> None:
    ran = cli("jobs", "--api", "http://127.0.0.1:9")

    assert ran.code == EXITS[WorldsFault]
    assert "no API at http://127.0.0.1:9" in ran.err
    assert "./pentimento up" in ran.err
    assert "Traceback" not in ran.err


def test_an_answer_that_is_no_pentimento_api_is_said_plainly(cli: Cli, canned: Canned) -> None:
    canned.on("GET", "/v1/jobs", lambda call: call.say(200, b"<html>It works!</html>", content_type="text/html"))

    ran = cli("jobs", "--api", canned.url)

    assert ran.code == EXITS[WorldsFault]
    assert "answered something that is no jobs" in ran.err


def test_a_gateway_that_is_away_for_a_moment_is_asked_again(cli: Cli, canned: Canned) -> None:
    canned.on(
        "GET",
        "/v1/workers",
        lambda call: call.say(503, {"code": "unavailable", "detail": "soon"}),
        lambda call: call.say(200, {"workers": []}),
    )

    ran = cli("workers", "--api", canned.url, "--json")

    assert ran.json == {"workers": []}
    assert len(canned.calls) == 2
