"""From deploy/README.md to one box and then to two, by its own commands, on hosts of their own if the machine has any.

The system starts as the compose files describe it: their commands, variables and health checks, without containers.
"""

import json
import signal
import subprocess
import sys
from typing import Any

import pytest

from tests.deploy.described import ROOT
from tests.deploy.fleet import namespaces
from tests.deploy.host import LOOPBACK
from tests.deploy.walk import SECONDS

pytestmark = [pytest.mark.timeout(SECONDS + 60), pytest.mark.slow]


@pytest.fixture(scope="module")
def walk(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What came of steps 2 and 3."""
    folder, network = tmp_path_factory.mktemp("walk"), namespaces()
    argv = [*network, sys.executable, "-m", "tests.deploy.walk", str(folder), *(["--hosts"] if network else [])]
    said = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False, timeout=SECONDS + 30)
    assert said.returncode == 0, said.stdout + said.stderr[-6000:]
    found: dict[str, Any] = json.loads(said.stdout.splitlines()[-1])
    return found


def test_what_compose_describes_starts_and_renders_a_job(walk: dict[str, Any]) -> None:
    assert walk["job"] == {"state": "succeeded", "pngs": 2, "by": [walk["mine"]]}
    assert walk["one"] == [walk["mine"]]
    assert walk["up"]


@pytest.mark.system("promtool")
@pytest.mark.parametrize(("whose", "family"), [("api", "jobs gauge"), ("worker", "stage_seconds histogram")])
def test_the_metrics_of_what_runs_please_promtool(walk: dict[str, Any], whose: str, family: str) -> None:
    page = walk["pages"][whose]

    said = subprocess.run(["promtool", "check", "metrics"], input=page, capture_output=True, text=True, check=False)

    assert (said.returncode, said.stdout, said.stderr) == (0, "", "")
    assert f"# TYPE pentimento_{family}\n" in page


def test_a_reader_has_a_key_to_give_away_and_a_stranger_is_told_nothing(walk: dict[str, Any]) -> None:
    assert "of studio, shown this once" in walk["keys"]
    assert walk["strangers"] == [401, 401, 401]


def test_a_second_box_joins_by_the_pages_commands_and_takes_over_when_the_first_is_drained(
    walk: dict[str, Any],
) -> None:
    (other,) = set(walk["two"]) - {walk["mine"]}

    assert all(worker in walk["look"] for worker in (walk["mine"], other))
    assert walk["other job"] == {"state": "succeeded", "pngs": 2, "by": [other]}
    assert walk["addresses"] == sorted({LOOPBACK, walk["from"]})


def test_everything_that_was_started_leaves_in_good_order(walk: dict[str, Any]) -> None:
    ends = walk["ends"]

    assert (ends["head worker"], ends["render-2 worker"]) == (0, 0)
    assert ends["head api"] in {0, -signal.SIGTERM}  # uvicorn ends as it was asked to, once everything is done
    assert set(ends) == {"render-2 worker", "head worker", "head api", "head s3", "head redis"}
