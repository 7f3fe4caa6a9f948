"""Canaries stand where secrets do; then everything that this deployment logs, answers or shows is searched for them."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr, ValidationError

from api.desk import Desk
from api.doctor import examine
from jobs.errors import BadImage
from jobs.settings import Settings
from jobs.telemetry.redaction import redact
from jobs.variant import InitImage, Parameters, Variant, WeightedPrompt
from tests.api.conftest import running
from worker.results.records import refused_record

CANARY = "canary0secret0"
SIGNED = (
    "https://b.example/a.png?X-Amz-Credential=AKIA&X-Amz-Security-Token=canary0secret0&X-Amz-Signature=canary0secret0"
)
NOWHERE = f"redis://user:{CANARY}redis@127.0.0.1:1/0"
ADMIN = f"{CANARY}admin{'a' * 32}"
WEBHOOK = "whsec_" + "Y2FuYXJ5MHNlY3JldDBjYW5hcnkwc2VjcmV0MA=="


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A deployment whose Redis and store are away, so that everything fails and says why."""
    return Settings(
        redis_url=SecretStr(NOWHERE),
        s3_endpoint="http://127.0.0.1:1",
        s3_access_key="AKIAIOSFODNN7EXAMPLE",
        s3_secret_key=SecretStr(f"{CANARY}s3"),
        webhook_secret=SecretStr(WEBHOOK),
        door_key=SecretStr(f"{CANARY}door"),
        admin_key=SecretStr(ADMIN),
        key_secret=SecretStr(f"{CANARY}digest"),
        api_key=SecretStr(f"{CANARY}cli"),
        port=0,
    )


def shows(text: str) -> list[str]:
    return re.findall(rf".{{0,60}}(?:{CANARY}|{re.escape(WEBHOOK[6:])}).{{0,20}}", text)


def test_settings_tell_no_secret_however_they_are_printed(settings: Settings) -> None:
    assert shows(f"{settings!r} {settings} {settings.model_dump()} {settings.model_dump_json()}") == []


LOGGING = f"""
import logging, sys, structlog
from pydantic import SecretStr
from jobs.settings import Settings
from jobs.telemetry.logs import configure
settings = Settings(
    redis_url=SecretStr({NOWHERE!r}), s3_secret_key=SecretStr({CANARY + "s3"!r}), log_format=sys.argv[1],
    webhook_secret=SecretStr({WEBHOOK!r}), log_level="debug",
)
configure(settings)
log, old = structlog.get_logger("x"), logging.getLogger("y")
log.info("connecting to {NOWHERE}")
log.info("fetching", uri={SIGNED!r}, headers={{"authorization": "Bearer {CANARY}s3"}}, parts=["a", b"{CANARY}s3"])
log.info("signed with {WEBHOOK}", settings=settings)
log.info("failed", error=ValueError("{CANARY}s3"))
old.warning("a library says %s", {NOWHERE!r})
old.error("and %r", {{"password": "{CANARY}redis"}})
try:
    raise RuntimeError("could not reach {NOWHERE}") from OSError("{CANARY}s3")
except RuntimeError:
    log.exception("it broke")
    old.exception("it broke there, too")
log.info("the end")
"""


@pytest.mark.parametrize("form", ["json", "text"])
def test_no_log_line_of_ours_or_of_a_library_holds_a_secret(form: str) -> None:
    ran = subprocess.run([sys.executable, "-c", LOGGING, form], capture_output=True, text=True, check=True)

    assert shows(ran.stderr + ran.stdout) == []
    assert "the end" in ran.stderr
    assert ran.stderr.count("it broke") == 2


@pytest.fixture
def served(settings: Settings, capfd: pytest.CaptureFixture[str]) -> Iterator[httpx.Client]:
    with (
        running(settings) as run,
        httpx.Client(base_url=run.url, timeout=60, trust_env=False, follow_redirects=True) as http,
    ):
        yield http


def test_no_route_shows_a_secret_while_everything_fails(
    served: httpx.Client, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    paths = served.get("/openapi.json").json()["paths"]
    said = []
    for path, methods in paths.items():
        asked = re.sub(r"\{[^}]*\}", "01k8q4zj6m0v3n7x2b5c9d1f8g", path)
        if "get" in methods and "events" not in path:
            for headers in ({}, {"authorization": f"Bearer {ADMIN}"}):
                answer = served.get(asked, headers=headers)
                said.append(f"{path} {answer.status_code} {answer.headers} {answer.text}")
    said += [served.get(path).text for path in ("/", "/docs", "/metrics", "/readyz", "/login")]
    out, err = capfd.readouterr()

    assert len(said) > 20
    assert shows("\n".join([*said, out, err, caplog.text])) == []


def test_doctor_tells_no_secret_about_what_it_cannot_reach(settings: Settings) -> None:
    findings = examine(Desk.open(settings))

    assert any(one.status == "bad" for one in findings)
    assert shows(repr(findings)) == []


def test_a_signed_address_of_an_init_image_is_not_signed_in_the_records() -> None:
    parameters = Parameters(
        model="tiny", prompts=(WeightedPrompt("a"),), negative_prompt="", strength=0.5, steps=1, cfg_scale=1.0,
        sampler="ddim", seed=1,
    )  # fmt: skip
    variant = Variant(index=0, image=InitImage(SIGNED, "a"), parameters=parameters, coordinates={})

    record = refused_record(variant, BadImage("no picture"), reason="no picture")

    assert shows(str(record)) == []
    assert record["image"]["uri"].startswith("https://b.example/a.png?")


def test_a_secret_may_come_from_a_file_and_is_none_where_the_file_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "s3").write_text(f"{CANARY}file\n")
    monkeypatch.setenv("PENTIMENTO_S3_SECRET_KEY_FILE", str(tmp_path / "s3"))
    assert Settings().s3_secret_key.get_secret_value() == f"{CANARY}file"

    monkeypatch.setenv("PENTIMENTO_S3_SECRET_KEY", "said")
    assert Settings().s3_secret_key.get_secret_value() == "said"

    monkeypatch.setenv("PENTIMENTO_WEBHOOK_SECRET_FILE", str(tmp_path / "s3"))
    with pytest.raises(ValidationError) as caught:
        Settings()
    assert shows(str(caught.value)) == []

    monkeypatch.setenv("PENTIMENTO_WEBHOOK_SECRET_FILE", str(tmp_path / "nothing"))
    with pytest.raises(Exception, match="PENTIMENTO_WEBHOOK_SECRET_FILE"):
        Settings()


def test_what_is_no_secret_is_left_as_it_is() -> None:
    text = "the job 01k8q4zj6m0v3n7x2b5c9d1f8g at s3://bucket/a.png: https://example.org:8443/a?b=c said 404, see a:b@c"

    assert redact(text) == text
