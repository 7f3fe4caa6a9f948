"""A remote that is killed in the middle of its streams, and comes back: nothing is lost, nothing is counted twice."""

import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from api.stack.ports import free_port
from tests.stories.conftest import Farm, farm_of, picture

ROOT = Path(__file__).parents[2]
COUNT = 60


@contextmanager
def upstairs(port: int, log: Path) -> Iterator["subprocess.Popen[str]"]:
    """A server of the protocol as a process; killed at the end, if not before."""
    argv = [sys.executable, "-m", "tests.remote", str(port), str(log)]
    with subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            assert server.stdout.readline() == "serving\n"
            yield server
        finally:
            server.kill()
            server.wait(30)


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def far_farm(tmp_path: Path, port: int) -> Iterator[Farm]:
    """A farm whose worker renders upstairs, with little patience, so that calls come back to the ledger, too."""
    remotes = tmp_path / "remotes.toml"
    remotes.write_text(
        f'[remotes.upstairs]\ntarget = "127.0.0.1:{port}"\ncalls = 4\nbackoff_seconds = 0.2\n'
        "patience_seconds = 1\nbreaker_failures = 3\nbreaker_seconds = 0.5\n"
    )
    said = {"PENTIMENTO_BACKEND": "upstairs", "PENTIMENTO_REMOTES_FILE": str(remotes)}
    yield from farm_of(tmp_path, PENTIMENTO_MAX_ATTEMPTS="20", **said)


@pytest.mark.timeout(240)
def test_a_remote_that_is_killed_in_mid_stream_loses_and_doubles_nothing(
    far_farm: Farm, tmp_path: Path, port: int
) -> None:
    log = tmp_path / "upstairs.log"
    log.touch()
    spec = {"images": [far_farm.upload(picture(30))], "model": "tiny", "prompt": "x", "samples": COUNT}
    with upstairs(port, log) as server:
        job = far_farm.submit(spec)
        far_farm.until(job, lambda view: view["settled"] >= 5)
        server.kill()
        server.wait(30)
    told = Counter(line.split()[0] for line in log.read_text().splitlines())
    with upstairs(port, log):
        view = far_farm.finished(job, seconds=120)

    assert told["asked"] > told["answered"]  # streams were cut
    assert (view["state"], view["settled"], view["refused"]) == ("succeeded", COUNT, 0)
    assert [line["index"] for line in far_farm.lines(job, "results.jsonl")] == list(range(COUNT))
    assert len(far_farm.pictures(job)) == COUNT
    made = [line["index"] for line in far_farm.records(job)]
    assert made == list(range(COUNT))
    asked = Counter(line for line in log.read_text().splitlines() if line.startswith("asked"))
    assert len(asked) == COUNT  # however often it was asked: one request id a picture
