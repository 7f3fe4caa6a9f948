"""Workers that can do different things share one ledger, each a host of its own where the machine lets it be one."""

import json
import subprocess
import sys
from typing import Any

import pytest

from tests.deploy.described import ROOT
from tests.deploy.fleet import HEAD, namespaces

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What came of the fleet's story."""
    folder, network = tmp_path_factory.mktemp("fleet"), namespaces()
    argv = [*network, sys.executable, "-m", "tests.deploy.fleet", str(folder), *(["--hosts"] if network else [])]
    said = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False, timeout=280)
    logs = "\n".join(path.read_text()[-1500:] for path in folder.glob("*.log"))
    assert said.returncode == 0, said.stdout + said.stderr[-3000:] + logs
    found: dict[str, Any] = json.loads(said.stdout.splitlines()[-1])
    return found


def test_each_job_is_rendered_by_the_worker_that_can(told: dict[str, Any]) -> None:
    assert told["rendered"] == {"render.local.tiny": 12, "render.paced.sd15": 12, "render.paced.sdxl.tiny-xl": 12}
    assert told["settled"] == {"real": 12, "first": 12, "second": 12, "nobody's": 0}


def test_a_job_that_nobody_can_do_waits_and_keeps_nobody_else_from_working(told: dict[str, Any]) -> None:
    states = {"real": "succeeded", "first": "succeeded", "second": "succeeded", "nobody's": "queued"}

    assert told["states"] == states


def test_the_workers_came_from_addresses_of_their_own(told: dict[str, Any]) -> None:
    if HEAD not in told["addresses"]:
        pytest.skip("this machine gives no network namespaces: the workers shared its loopback")

    assert set(told["addresses"]) == {HEAD, "10.213.0.11", "10.213.0.12", "10.213.0.13"}
