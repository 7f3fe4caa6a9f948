"""Promises about a whole farm: everything answers, a killed worker comes back, and state survives a restart."""

import json
from pathlib import Path

import httpx
import pytest

from api.cli.address import running_stack
from api.stack import ChildFailed, Stack

PACED = {"PENTIMENTO_BACKEND": "paced", "OMP_NUM_THREADS": "1"}


def test_a_farm_answers_survives_drills_and_is_gone_when_stopped(tmp_path: Path) -> None:
    said: list[str] = []

    with Stack(tmp_path, extra_env=PACED, on_event=said.append) as stack:
        ready = httpx.get(f"{stack.api_url}/readyz", timeout=60)
        first = stack.processes
        found = running_stack(tmp_path)
        with pytest.raises(ChildFailed, match="in use by process"):
            Stack(tmp_path).start()
        stack.kill("worker")
        without = stack.processes
        stack.restart("worker")
        again = stack.processes

    assert ready.status_code == 200
    assert found == stack.api_url
    assert list(first) == ["redis", "s3", "api", "worker"]
    assert list(without) == ["redis", "s3", "api"]
    assert again["worker"] != first["worker"]
    assert again["api"] == first["api"]
    assert stack.processes == {}
    assert running_stack(tmp_path) == ""
    assert [line.split()[0] for line in said[-4:]] == ["worker", "api", "s3", "redis"]


def test_a_farm_without_a_worker_starts_again_on_what_it_kept(tmp_path: Path) -> None:
    with Stack(tmp_path, workers=0) as stack:
        (stack.folder.objects / "pentimento" / "kept.txt").write_text("kept")
        keys = json.loads(stack.folder.credentials_file.read_text())

    with Stack(tmp_path, workers=0) as stack:
        environment = stack.environment

    assert environment["PENTIMENTO_S3_SECRET_KEY"] == keys["secret_key"]
    assert (tmp_path / "objects" / "pentimento" / "kept.txt").read_text() == "kept"
    assert (tmp_path / "redis" / "appendonlydir").is_dir()


def test_a_farm_that_cannot_start_leaves_nothing_and_frees_its_folder(tmp_path: Path) -> None:
    said: list[str] = []
    stack = Stack(tmp_path, extra_env={"PENTIMENTO_MAX_BODY_BYTES": "none"}, on_event=said.append)

    with pytest.raises(ChildFailed, match="api ended with 1") as failed:
        stack.start()

    assert "PENTIMENTO_MAX_BODY_BYTES" in str(failed.value)
    assert stack.processes == {}
    stack.folder.lock().close()
