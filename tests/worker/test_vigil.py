"""A worker says in its log that the ledger was lost: once in a while, and not once a look."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs

from jobs.settings import Settings
from tests.ledger.conftest import Clock
from worker.upkeep.vigil import ALARM_SECONDS, Vigil
from worker.workshop import Workshop


@pytest.fixture
def shop(redis_url: str, tmp_path: Path) -> Iterator[Workshop]:
    made = Workshop(Settings(redis_url=SecretStr(redis_url), output_uri=f"file://{tmp_path}", backend="paced"))
    yield made
    made.close()


def test_a_lost_ledger_is_an_alarm_in_the_log_until_it_is_recovered(shop: Workshop) -> None:
    clock = Clock()
    shop.clock = clock
    vigil, said = Vigil(shop), []
    with capture_logs() as logs:
        said.append(vigil.look())
        shop.book.redis.flushall()
        for passed in (0, 1, ALARM_SECONDS):
            clock.now += passed
            said.append(vigil.look())
        shop.instance.adopt()
        said.append(vigil.look())

    assert said == [True, False, False, False, True]
    assert [entry["event"] for entry in logs if entry["log_level"] == "critical"] == ["the ledger is lost"] * 2
