"""No order of events unbalances the books; `pentimento drill books` looks at forty times as many orders."""

import pytest
import redis
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.ledger.storm import Storm


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_no_order_of_events_unbalances_the_books(redis_url: str) -> None:
    with redis.Redis.from_url(redis_url, decode_responses=True) as client:
        Storm.client = client
        run_state_machine_as_test(
            Storm,
            settings=settings(
                max_examples=500,
                stateful_step_count=25,
                deadline=None,
                suppress_health_check=list(HealthCheck),
                print_blob=True,
            ),
        )
