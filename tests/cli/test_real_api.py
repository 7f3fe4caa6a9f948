"""The command line against the real API, Redis and store, with hands that settle what a test says."""

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from api.cli.exits import EXITS, NOT_ALL, OK
from api.desk import Desk
from jobs.errors import Conflict, InvalidSpec, NotFound, StorageUnavailable, Unauthenticated
from jobs.settings import Settings, settings
from tests.api.conftest import PNG, Hands, forget_instance, running
from tests.cli.conftest import Cli
from tests.conftest import S3Server, deployed

MANIFEST = """\
name: boots
images: [boot.png]
model: tiny
prompt: crayon drawing of a boot
samples: 3
"""


@pytest.fixture(scope="module")
def deployment(redis_server: str, s3_server: S3Server) -> Settings:
    """One deployment for these tests."""
    return deployed(redis_server, s3_server)


@pytest.fixture(scope="module")
def served(deployment: Settings) -> Iterator[str]:
    """The API's URL."""
    with running(deployment) as run:
        yield run.url


@pytest.fixture
def api(served: str, redis_url: str, deployment: Settings) -> str:
    """The same, without any jobs."""
    forget_instance(deployment)
    return served


@pytest.fixture
def hands(deployment: Settings, redis_url: str) -> Hands:
    """A worker without an engine."""
    return Hands(Desk.open(deployment))


@pytest.fixture
def job(cli: Cli, api: str, tmp_path: Path) -> str:
    """A job of three pictures of a picture of this machine, submitted."""
    (tmp_path / "boot.png").write_bytes(PNG)
    (tmp_path / "boots.yaml").write_text(MANIFEST)
    return cli("submit", "boots.yaml", "--api", api).out.strip()


def test_a_submitted_job_is_listed_and_shown(cli: Cli, api: str, job: str) -> None:
    listed, shown = cli("jobs", "--api", api, "--json").json, cli("show", job, "--api", api, "--json").json

    assert listed["jobs"] == [shown]
    assert (shown["id"], shown["name"], shown["state"], shown["count"]) == (job, "boots", "planning", 3)


def test_a_job_is_watched_to_its_end_and_its_refusals_are_told(cli: Cli, api: str, job: str, hands: Hands) -> None:
    hands.plan(job)
    hands.render(hands.lease(), refuse=(1,))
    hands.finish()

    watched = cli("watch", job, "--api", api)
    failed = cli("results", job, "--failed", "--api", api, "--json").json
    listed = cli("results", job, "--api", api)

    assert watched.code == NOT_ALL
    assert "2 of 3, 1 refused" in watched.out
    assert "refused   1 bad_image" in watched.out
    records = failed["records"]
    assert isinstance(records, list)
    assert [(record["index"], record["error"]["code"]) for record in records] == [(1, "bad_image")]
    assert len(listed.out.splitlines()) == 4


def test_events_come_as_json_lines(cli: Cli, api: str, job: str, hands: Hands) -> None:
    hands.plan(job)
    hands.render(hands.lease())

    submitted = httpx.get(f"{api}/v1/jobs/{job}", timeout=60).json()
    watched = cli("watch", job, "--api", api, "--json")

    assert submitted["state"] == "succeeded"
    assert [json.loads(line)["job"]["state"] for line in watched.out.splitlines()] == ["succeeded"]
    assert watched.code == OK


def test_links_of_the_store_are_good_for_a_download_and_its_bytes_are_checked(
    cli: Cli, api: str, job: str, hands: Hands, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.cli.download.TRIES", 1)
    hands.plan(job)
    hands.render(hands.lease(), pictures=True)

    ran = cli("results", job, "--download", "out", "--api", api)

    # The hands record a hash of five after five: the bytes came, and were not taken for what they are not.
    assert ran.code == EXITS[StorageUnavailable]
    assert ran.err.count("its bytes have the sha256") == 3
    assert {path.name for path in (tmp_path / "out").rglob("*") if path.is_file()} == {"results.jsonl", "manifest.json"}


def test_pause_resume_cancel_and_retry_answer_with_the_job(cli: Cli, api: str, job: str, hands: Hands) -> None:
    hands.plan(job)

    states = [cli(verb, job, "--api", api, "--json").json["state"] for verb in ("pause", "resume", "cancel")]
    refused = cli("retry", job, "--api", api)

    assert states == ["paused", "queued", "cancelled"]
    assert refused.code == EXITS[Conflict]
    assert "can't be tried again" in refused.err


def test_what_the_api_finds_wrong_reads_as_what_the_command_finds_wrong(cli: Cli, api: str) -> None:
    ran = cli(
        "submit", "-", "--api", api, stdin="images: [s3://somebody/else.png]\nmodel: tiny\nprompt: a boot\n"
    )  # fmt: skip

    assert ran.code == EXITS[InvalidSpec]
    assert "images[0].uri: init images are not read from this place in the bucket somebody" in ran.err
    assert "PENTIMENTO_INPUT_BUCKETS" in ran.err


def test_latest_is_the_newest_job(cli: Cli, api: str, job: str) -> None:
    assert cli("show", "latest", "--api", api, "--json").json["id"] == job


def test_there_is_no_latest_job_before_the_first(cli: Cli, api: str) -> None:
    assert cli("show", "latest", "--api", api).code == EXITS[NotFound]


def test_a_job_that_nobody_has_is_not_found(cli: Cli, api: str) -> None:
    verbs = (["show"], ["watch"], ["results"], ["cancel"])

    assert {cli(*verb, "nothing", "--api", api).code for verb in verbs} == {EXITS[NotFound]}


def test_models_and_workers_are_listed(cli: Cli, api: str) -> None:
    models, workers = cli("models", "--api", api), cli("workers", "--api", api)

    assert "tiny" in models.out
    assert workers.out == "No workers. Start one: pentimento worker\n"


def test_keys_are_made_with_redis_alone_then_over_the_api_with_one(
    cli: Cli, api: str, deployment: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PENTIMENTO_REDIS_URL", deployment.redis_url.get_secret_value())
    settings.cache_clear()
    refused = cli("keys", "create", "studio", "--api", api, "--json")
    first = cli("keys", "create", "ops", "--scope", "admin", "--direct", "--json")
    without = cli("jobs", "--api", api, "--json")
    monkeypatch.setenv("PENTIMENTO_API_KEY", str(first.json["key"]))
    settings.cache_clear()
    second = cli("keys", "create", "studio", "--label", "night", "--expires", "90d", "--api", api)
    listed = cli("keys", "--api", api)
    rows: list[dict[str, str]] = json.loads(cli("keys", "list", "--direct", "--json").out)["keys"]
    limited = cli("keys", "limit", "studio", "--rate", "600", "--uploads-per-day", "5GB", "--api", api)
    shown = cli("keys", "--api", api).out
    over_redis = cli("keys", "limit", "studio", "--reset", "--direct", "--json").json
    gone = cli("keys", "revoke", rows[0]["id"], "--api", api, "--json")
    monkeypatch.setenv("PENTIMENTO_API_KEY", second.out.strip())
    settings.cache_clear()
    revoked = cli("jobs", "--api", api, "--json")
    monkeypatch.undo()
    settings.cache_clear()

    assert refused.code == EXITS[Conflict]
    assert without.code == revoked.code == EXITS[Unauthenticated]
    assert "PENTIMENTO_API_KEY" in without.err
    assert second.out.startswith("pentimento_")
    assert "shown this once" in second.err
    assert "night" in listed.out
    assert second.out.strip() not in listed.out
    assert [(row["caller"], row["state"]) for row in rows] == [("studio", "active"), ("ops", "active")]
    assert "digest" not in rows[0]
    words = "600 calls a minute, 5,000,000,000 bytes of uploads a day"
    assert limited.out == f"studio: {words}, any jobs at a time, any variants queued\n"
    assert "600 calls a minute" in " ".join(shown.split())
    assert over_redis["own"] == dict.fromkeys(
        ("calls_per_minute", "upload_bytes_per_day", "active_jobs", "open_variants")
    )
    assert gone.json["state"] == "revoked"
