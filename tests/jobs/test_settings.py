"""A deployment's settings explain themselves, and a mistake in them is told by name."""

import pytest
from pydantic import SecretStr

from jobs.errors import InvalidSpec
from jobs.settings import Settings, settings, unknown


def test_every_setting_says_what_it_means() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []


def test_a_value_that_is_none_is_told_by_its_variable_and_not_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PENTIMENTO_PORT", "swordfish")
    monkeypatch.setenv("PENTIMENTO_ADMIN_KEY", "too short")
    settings.cache_clear()

    with pytest.raises(InvalidSpec) as refused:
        settings()
    settings.cache_clear()

    assert {problem.path for problem in refused.value.problems} == {"PENTIMENTO_PORT", "PENTIMENTO_ADMIN_KEY"}
    assert all(problem.remedy for problem in refused.value.problems)
    assert "swordfish" not in str(refused.value)
    assert "too short" not in str(refused.value)


def test_a_variable_that_is_no_setting_is_told_with_the_nearest_that_is() -> None:
    environment = {
        "PENTIMENTO_REDISURL": "x",
        "PENTIMENTO_VENV": "x",
        "PENTIMENTO_S3_SECRET_KEY_FILE": "x",
        "PATH": "x",
    }

    assert unknown(environment) == {"PENTIMENTO_REDISURL": "PENTIMENTO_REDIS_URL"}


def test_only_secrets_come_from_files() -> None:
    secrets = {name for name, field in Settings.model_fields.items() if field.annotation is SecretStr}

    assert {"redis_url", "s3_secret_key", "api_key"} <= secrets
    assert set(unknown({"PENTIMENTO_PORT_FILE": "x"})) == {"PENTIMENTO_PORT_FILE"}
