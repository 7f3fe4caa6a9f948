"""The command line teaches itself, at once, and with --json says nothing but JSON on stdout."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from api.cli.address import api_url
from api.cli.app import app
from api.cli.exits import EXITS, USAGE
from jobs import __version__
from jobs.errors import CallersFault, InvalidSpec
from jobs.settings import settings
from tests.cli.conftest import Canned, Cli, a_job

COMMANDS = sorted(info.name or info.callback.__name__ for info in app.registered_commands if info.callback)


def test_help_is_there_at_once_because_nothing_heavy_is_imported() -> None:
    heavy = "{'httpx', 'pydantic', 'redis', 'ruamel', 'fastapi', 'boto3', 'celery', 'torch'}"
    program = f"import api.cli.app, sys; print(sorted({heavy} & set(sys.modules)))"

    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert ran.stdout == "[]\n"


def test_help_names_every_command(cli: Cli) -> None:
    ran = cli("--help")

    assert ran.code == 0
    assert not [name for name in COMMANDS if f" {name} " not in ran.out]


@pytest.mark.parametrize("command", [name for name in COMMANDS if name not in {"test", "exits", "up"}])
def test_every_command_shows_an_example(cli: Cli, command: str) -> None:
    ran = cli(command, "--help")

    assert "Example" in ran.out
    assert f"pentimento {command}" in ran.out


def test_the_version_is_that_of_the_package(cli: Cli) -> None:
    assert cli("--version").out == f"pentimento {__version__}\n"


def test_a_command_that_does_not_exist_is_a_usage_error(cli: Cli) -> None:
    ran = cli("sumbit")

    assert (ran.code, ran.out) == (USAGE, "")


def test_the_exit_codes_are_listed(cli: Cli) -> None:
    ran = cli("exits", "--json")

    exits = ran.json["exits"]
    assert isinstance(exits, list)
    assert {row["exit"] for row in exits} >= set(EXITS.values())


def test_json_and_api_may_stand_before_the_command(cli: Cli, canned: Canned) -> None:
    canned.json("GET", "/v1/jobs/j1", a_job())

    ran = cli("--json", "--api", canned.url, "show", "j1")

    assert ran.json["id"] == "j1"


@pytest.mark.parametrize(
    ("argv", "method", "path", "body"),
    [
        (["jobs"], "GET", "/v1/jobs", {"jobs": [a_job()], "next_cursor": "c"}),
        (["show", "j1"], "GET", "/v1/jobs/j1", a_job(new_field=1)),
        (["results", "j1"], "GET", "/v1/jobs/j1/results", {"records": [], "next_cursor": None}),
        (["why", "j1", "3"], "GET", "/v1/jobs/j1/why", {"state": "pending", "sentences": ["Nobody has begun it."]}),
        (["pause", "j1"], "POST", "/v1/jobs/j1/pause", a_job(state="paused")),
        (["resume", "j1"], "POST", "/v1/jobs/j1/resume", a_job()),
        (["resume", "j1", "--images", "9"], "POST", "/v1/jobs/j1/resume", a_job()),
        (["retry", "j1"], "POST", "/v1/jobs/j1/retry", a_job()),
        (["retry", "j1", "--cause", "poison", "--index", "3-7"], "POST", "/v1/jobs/j1/retry", a_job()),
        (["priority", "j1", "urgent"], "POST", "/v1/jobs/j1/priority", a_job(lane="urgent")),
        (["cancel", "j1"], "POST", "/v1/jobs/j1/cancel", a_job(state="cancelled")),
        (["doctor"], "GET", "/v1/doctor", {"well": True, "findings": [{"name": "redis", "status": "ok"}]}),
        (["prune", "--dry-run"], "POST", "/v1/prune", {"jobs": ["j1"], "objects": 0, "more": False}),
        (["recover"], "POST", "/v1/recover", {"jobs": [{"restored": True, "job": a_job()}], "skipped": ["x: no job"]}),
        (["workers"], "GET", "/v1/workers", {"workers": [{"id": "w", "seen_at": 1}]}),
        (["workers", "drain", "w"], "POST", "/v1/workers/w/drain", {"workers": [{"id": "w", "drained": True}]}),
        (["webhook", "resend", "j1"], "POST", "/v1/jobs/j1/webhook/resend", a_job()),
        (["models"], "GET", "/v1/models", {"models": [{"alias": "tiny"}]}),
        (["keys"], "GET", "/v1/keys", {"keys": [{"id": "k", "caller": "studio"}]}),
        (["keys", "create", "c"], "POST", "/v1/keys", {"key": "pentimento_k", "about": {"id": "k"}}),
        (["keys", "revoke", "k"], "DELETE", "/v1/keys/k", {"id": "k", "state": "revoked"}),
        (["keys", "limit", "c", "--rate", "9"], "PATCH", "/v1/limits/c", {"caller": "c", "own": {}, "holds": {}}),
    ],
    ids=lambda said: said[0] if isinstance(said, list) else "",
)
def test_with_json_stdout_is_one_object_and_stderr_is_silent(
    cli: Cli, canned: Canned, argv: list[str], method: str, path: str, body: dict[str, object]
) -> None:
    canned.json(method, path, body)

    ran = cli(*argv, "--api", canned.url, "--json")
    plain = cli(*argv, "--api", canned.url)

    assert ran.code == plain.code == 0
    assert ran.json.items() >= json.loads(json.dumps(body)).items() or ran.json.keys() == body.keys()
    assert ran.err == ""
    assert plain.out.strip()
    assert not plain.out.startswith("{")


def test_the_test_command_points_to_the_launcher(cli: Cli) -> None:
    ran = cli("test")

    assert ran.code == USAGE
    assert "./pentimento test" in ran.err


def test_the_address_is_what_was_said_else_the_environment_else_the_farm_that_runs_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PENTIMENTO_API_URL", raising=False)
    found = []

    def ask(said: str = "") -> None:
        settings.cache_clear()
        found.append(api_url(said))

    ask()
    (tmp_path / ".pentimento").mkdir()
    noted = {"api_url": "http://127.0.0.1:5000", "pid": 1}
    (tmp_path / ".pentimento/stack.json").write_text(json.dumps(noted))
    ask()
    monkeypatch.setenv("PENTIMENTO_API_URL", "http://farm.example/")
    ask()
    ask("http://said.example/")
    settings.cache_clear()

    assert found == ["http://127.0.0.1:7801", "http://127.0.0.1:5000", "http://farm.example", "http://said.example"]


def test_the_settings_are_listed_and_no_secret_is_among_them(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PENTIMENTO_S3_SECRET_KEY", "swordfish")
    monkeypatch.setenv("PENTIMENTO_DEVICE", "cuda:1")
    monkeypatch.setenv("PENTIMENTO_DEVISE", "cuda:1")
    settings.cache_clear()

    ran, plain = cli("settings", "--json"), cli("settings")
    settings.cache_clear()

    rows = ran.json["settings"]
    assert isinstance(rows, list)
    said = {row["name"]: (row["value"], row["set"]) for row in rows}
    assert said["PENTIMENTO_DEVICE"] == ("cuda:1", True)
    assert said["PENTIMENTO_PORT"] == ("7801", False)
    assert said["PENTIMENTO_S3_SECRET_KEY"] == ("(a secret)", True)
    assert "PENTIMENTO_DEVISE is no setting; did you mean PENTIMENTO_DEVICE?" in plain.err
    assert "swordfish" not in ran.out + ran.err + plain.out + plain.err


def test_a_setting_that_is_wrong_is_an_error_and_no_trace(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PENTIMENTO_PORT", "x")
    settings.cache_clear()

    ran = cli("jobs")
    settings.cache_clear()

    assert ran.code == EXITS[InvalidSpec]
    assert ran.err.startswith("error: the environment has 1 problem\n  PENTIMENTO_PORT: ")


def test_an_address_that_is_no_url_is_said_so(cli: Cli) -> None:
    ran = cli("jobs", "--api", "localhost:7801")

    assert ran.code == EXITS[CallersFault]
    assert "'localhost:7801' is no URL" in ran.err
    assert "http://" in ran.err


@pytest.mark.parametrize("command", ["show", "why", "results", "cancel"])
def test_latest_is_the_newest_job_wherever_a_job_is_named(cli: Cli, canned: Canned, command: str) -> None:
    canned.json("GET", "/v1/jobs", {"jobs": [a_job()]})
    cli(command, "latest", "--api", canned.url)

    assert any("/v1/jobs/j1" in call for call in canned.calls)


def test_a_farm_that_has_ended_is_not_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PENTIMENTO_API_URL", raising=False)
    settings.cache_clear()
    (tmp_path / ".pentimento").mkdir()
    with subprocess.Popen(["true"]) as ended:
        pass
    noted = {"api_url": "http://127.0.0.1:5000", "pid": ended.pid}
    (tmp_path / ".pentimento/stack.json").write_text(json.dumps(noted))

    assert api_url("") == "http://127.0.0.1:7801"
