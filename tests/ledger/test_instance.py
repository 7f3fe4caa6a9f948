"""A Redis that lost everything is told from one that nobody has used yet; one that would lose everything is refused."""

from pathlib import Path

import pytest
import redis
from pydantic import SecretStr

from jobs.errors import LedgerLost, LedgerUnfit, NotFound
from jobs.ledger.book import Book
from jobs.ledger.fitness import check_fitness, refuse_unfit
from jobs.ledger.instance import Instance
from jobs.settings import Settings
from jobs.storage import open_storage
from tests.ledger.conftest import Desk


def deployment(book: Book, folder: Path) -> Instance:
    settings = Settings(output_uri=f"file://{folder}")
    return Instance(book, open_storage(settings), settings.output_uri)


def test_the_first_to_ask_draws_the_id_and_everybody_after_agrees(ledger: Desk, tmp_path: Path) -> None:
    first, second = (deployment(ledger.book, tmp_path) for _ in range(2))

    assert first.require() == second.require() == first.require()
    assert (tmp_path / "_instance.json").exists()


def test_whoever_asks_while_another_draws_the_first_id_agrees_with_it(ledger: Desk, tmp_path: Path) -> None:
    first, second = (deployment(ledger.book, tmp_path) for _ in range(2))
    ask, drawn = second._stored, []

    def asked_late() -> str:
        drawn.append(first.require())  # between the question to Redis, which has none, and the one to the store
        return ask()

    second._stored = asked_late  # type: ignore[method-assign]

    assert second.require() == drawn[0]


def test_an_emptied_redis_is_an_alarm_and_no_job_is_said_not_to_exist(ledger: Desk, tmp_path: Path) -> None:
    instance = deployment(ledger.book, tmp_path)
    drawn = instance.require()
    ledger.book.when_missing = instance.require
    ledger.book.redis.flushall()

    with pytest.raises(LedgerLost, match=f"the instance {drawn} is not in it"):
        instance.require()
    with pytest.raises(LedgerLost):
        ledger.book.describe("job-1")


def test_a_missing_job_of_a_ledger_that_is_whole_is_not_found(ledger: Desk, tmp_path: Path) -> None:
    ledger.book.when_missing = deployment(ledger.book, tmp_path).require

    with pytest.raises(NotFound):
        ledger.book.describe("job-1")


def test_another_deployments_redis_is_an_alarm(ledger: Desk, tmp_path: Path) -> None:
    deployment(ledger.book, tmp_path).require()
    ledger.book.redis.set("pm:instance", "somebody-else")

    with pytest.raises(LedgerLost, match="another deployment's"):
        deployment(ledger.book, tmp_path).require()


def test_after_a_recovery_there_is_no_alarm(ledger: Desk, tmp_path: Path) -> None:
    instance = deployment(ledger.book, tmp_path)
    drawn = instance.require()
    ledger.book.redis.flushall()

    assert instance.adopt() == drawn
    assert deployment(ledger.book, tmp_path).require() == drawn


@pytest.mark.parametrize(
    ("option", "bad", "good"), [("appendonly", "no", "yes"), ("maxmemory-policy", "allkeys-lru", "noeviction")]
)
def test_a_redis_that_would_lose_jobs_is_refused_with_the_remedy(
    ledger: Desk, redis_url: str, option: str, bad: str, good: str
) -> None:
    settings = Settings(redis_url=SecretStr(redis_url))
    check_fitness(ledger.book, require_aof=True)
    ledger.book.redis.config_set(option, bad)
    try:
        with pytest.raises(LedgerUnfit, match=bad) as caught:
            check_fitness(ledger.book, require_aof=True)
        with pytest.raises(SystemExit, match="pentimento does not start"):
            refuse_unfit(settings)
    finally:
        ledger.book.redis.config_set(option, good)

    assert option in caught.value.remedy


def test_without_an_append_only_file_is_a_choice(ledger: Desk) -> None:
    ledger.book.redis.config_set("appendonly", "no")
    try:
        said = check_fitness(ledger.book, require_aof=False)
    finally:
        ledger.book.redis.config_set("appendonly", "yes")

    assert "was not asked for" in said


def test_a_server_too_old_for_our_commands_is_known_by_them_and_not_by_its_version(
    ledger: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def old(*_: object) -> None:
        raise redis.ResponseError("syntax error")

    monkeypatch.setattr(ledger.book.redis, "execute_command", old, raising=True)
    monkeypatch.setattr(ledger.book.redis, "set", lambda *_, **__: True)
    monkeypatch.setattr(ledger.book.redis, "info", lambda _: {"maxmemory_policy": "noeviction", "aof_enabled": 1})

    with pytest.raises(LedgerUnfit, match=r"older than 7\.0"):
        check_fitness(ledger.book, require_aof=True)
