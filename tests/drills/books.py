"""The stateful property test of the ledger, over far more orders of events than CI has time for."""

import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import redis
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from api.cli.bench import Figure
from tests.faults.redis_control import RedisControl
from tests.ledger.storm import Storm

NAME = "books"
SUMMARY = "Hypothesis looks for an order of events that unbalances the ledger's books: 20,000 examples."
STEPS = 40


def run(progress: Callable[[str], None], *, short: bool) -> list[Figure]:
    """20,000 examples of 40 steps; short: 100, for CI runs 500 of them as a test of the ledger."""
    examples = 100 if short else 20_000
    with tempfile.TemporaryDirectory(prefix="pentimento-drill-") as name, RedisControl(Path(name)) as control:
        began = time.monotonic()
        client: Any = redis.Redis.from_url(control.url, decode_responses=True)
        with client:
            violation = _look(client, examples)
    if violation:
        sys.stderr.write(f"{violation}\n")  # also with --json: it is what the drill is for
    progress(f"{examples} examples")
    return [
        Figure("examples", examples, ""),
        Figure("violations", int(bool(violation)), "", "0", not violation),
        Figure("duration", time.monotonic() - began, "s"),
    ]


def _look(client: Any, examples: int) -> str:
    """What was violated, and by which steps; empty where nothing was."""
    Storm.client = client
    chosen = settings(
        max_examples=examples,
        stateful_step_count=STEPS,
        deadline=None,
        database=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
        print_blob=True,
    )
    try:
        run_state_machine_as_test(Storm, settings=chosen)
    except Exception as error:  # noqa: BLE001 - whatever ends an example is a finding
        return "".join(traceback.format_exception(error))  # several distinct violations come as a group
    return ""
