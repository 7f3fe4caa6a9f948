"""Promises about processes that start, stop and fail together, kept by real processes that do nothing else."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from api.stack.child import Child, ChildFailed, Running
from api.stack.farm import RESTARTS, Processes

# Says that it runs by a file, and on SIGTERM appends its name to a file that all of them share.
OBEDIENT = """
import pathlib, signal, sys
name, folder = sys.argv[1], pathlib.Path(sys.argv[2])
def end(*_):
    with (folder / "ended").open("a") as file: file.write(name + "\\n")
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
(folder / (name + ".ready")).touch()
while True: signal.pause()
"""
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN);" + OBEDIENT.replace(
    "signal.signal(signal.SIGTERM, end)", ""
)
# Ends when it is asked for the second time.
HESITANT = OBEDIENT.replace("def end(*_):", "def end(*_):\n    signal.signal(signal.SIGTERM, leave)\ndef leave(*_):")
CRASHING = "import sys; print('the last words'); sys.exit(7)"


def child(name: str, folder: Path, script: str = OBEDIENT, *, tier: str = "", grace_seconds: float = 20) -> Child:
    return Child(
        name,
        (sys.executable, "-I", "-S", "-c", script, name, str(folder)),
        folder / f"{name}.log",
        is_ready=lambda _: (folder / f"{name}.ready").exists(),
        tier=tier,
        grace_seconds=grace_seconds,
    )


@pytest.fixture
def events() -> list[str]:
    return []


@pytest.fixture
def processes(events: list[str]) -> Iterator[Processes]:
    made = Processes(events.append)
    yield made
    made.stop()


def gone(pid: int) -> bool:
    """Whether no such process runs: a zombie that waits for its new parent does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def until(true: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it never became true"
        time.sleep(0.01)


def test_a_child_that_is_started_is_ready(processes: Processes, events: list[str], tmp_path: Path) -> None:
    processes.start(child("one", tmp_path))

    assert (tmp_path / "one.ready").exists()
    assert list(processes.pids) == ["one"]
    assert events[0].startswith("one is ready")


def test_children_end_in_reverse_order(processes: Processes, tmp_path: Path) -> None:
    for name in ("first", "second", "third"):
        processes.start(child(name, tmp_path))

    processes.stop()

    assert (tmp_path / "ended").read_text().split() == ["third", "second", "first"]
    assert processes.pids == {}


def test_children_of_a_tier_are_asked_to_end_at_the_same_time(processes: Processes, tmp_path: Path) -> None:
    waits = OBEDIENT.replace(
        "def end(*_):", "def end(*_):\n    (folder / (name + '.asked')).touch()\n    wait_for_the_others()"
    ).replace(
        "import pathlib, signal, sys",
        "import pathlib, signal, sys, time\n"
        "def wait_for_the_others():\n"
        "    while len(list(folder.glob('*.asked'))) < 2: time.sleep(0.01)",
    )
    for name in ("worker", "worker-2"):
        processes.start(child(name, tmp_path, waits, tier="worker"))

    processes.stop()

    assert sorted((tmp_path / "ended").read_text().split()) == ["worker", "worker-2"]


def test_a_child_that_will_not_end_is_killed_after_its_grace(
    processes: Processes, events: list[str], tmp_path: Path
) -> None:
    processes.start(child("mule", tmp_path, STUBBORN, grace_seconds=0.2))

    processes.stop()

    assert processes.pids == {}
    assert events[-1] == "mule did not end and was killed"


def test_a_child_that_lingers_is_asked_again_before_it_is_killed_and_the_wait_is_explained(
    processes: Processes, events: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.stack.farm.SHORT_SECONDS", 0.05)
    busy = child("worker", tmp_path, HESITANT, grace_seconds=60)
    processes.start(replace(busy, hurry_seconds=0.1))

    processes.stop()

    assert (tmp_path / "ended").read_text() == "worker\n"
    assert events[-2:] == [
        "worker finishes what is in flight; Ctrl-C again ends it at once",
        "worker has ended",
    ]


def test_a_child_that_ends_before_it_is_ready_is_named_with_its_code_and_last_words(
    processes: Processes, tmp_path: Path
) -> None:
    with pytest.raises(ChildFailed) as failed:
        processes.start(child("brief", tmp_path, CRASHING))

    assert "brief ended with 7" in str(failed.value)
    assert "the last words" in str(failed.value)


def test_a_child_that_never_answers_is_given_up(processes: Processes, tmp_path: Path) -> None:
    silent = Child("silent", child("silent", tmp_path).argv, tmp_path / "log", lambda _: False, ready_seconds=0.1)

    with pytest.raises(ChildFailed, match=r"silent did not answer within 0\.1 s"):
        processes.start(silent)


def test_waiting_ends_when_a_child_crashes(processes: Processes, tmp_path: Path) -> None:
    processes.start(child("steady", tmp_path))
    processes.start(child("doomed", tmp_path))

    os.kill(processes.pids["doomed"], signal.SIGSEGV)

    with pytest.raises(ChildFailed, match="doomed was killed by SIGSEGV"):
        processes.wait()


def test_a_child_that_may_restart_is_started_again_until_it_ends_too_often(
    processes: Processes, tmp_path: Path, events: list[str]
) -> None:
    script = "import sys, time; time.sleep(0.2); sys.exit(70)"
    again = Child(
        "again", child("again", tmp_path, script).argv, tmp_path / "log", lambda _: True, restarts_after=(70,)
    )
    processes.start(child("steady", tmp_path))
    processes.start(again)

    with pytest.raises(ChildFailed, match="again ended with 70"):
        processes.wait()

    assert events.count("again ended with 70. It is started again.") == RESTARTS
    assert "steady" in processes.pids


def test_waiting_ends_without_error_when_the_farm_is_stopped(processes: Processes, tmp_path: Path) -> None:
    processes.start(child("steady", tmp_path))
    waiting = threading.Thread(target=processes.wait)
    waiting.start()

    processes.stop()
    waiting.join(30)

    assert not waiting.is_alive()


def test_a_child_killed_as_a_drill_takes_nobody_along_and_comes_back(processes: Processes, tmp_path: Path) -> None:
    processes.start(child("steady", tmp_path))
    processes.start(child("worker", tmp_path))
    before = processes.pids

    code = processes.kill("worker")
    processes.check()
    (tmp_path / "worker.ready").unlink()
    processes.restart("worker")

    assert code == -signal.SIGKILL
    assert processes.pids["steady"] == before["steady"]
    assert processes.pids["worker"] != before["worker"]


def test_a_child_that_comes_back_is_watched_again(processes: Processes, tmp_path: Path) -> None:
    processes.start(child("worker", tmp_path))
    processes.kill("worker")
    processes.restart("worker")

    os.kill(processes.pids["worker"], signal.SIGKILL)
    until(lambda: processes.pids == {})

    with pytest.raises(ChildFailed, match="worker was killed by SIGKILL"):
        processes.check()


def test_a_child_outlives_the_thread_that_asked_for_it(processes: Processes, tmp_path: Path) -> None:
    asking = threading.Thread(target=processes.start, args=(child("steady", tmp_path),))
    asking.start()
    asking.join()

    os.kill(processes.pids["steady"], signal.SIGTERM)
    until((tmp_path / "ended").exists)

    assert (tmp_path / "ended").read_text() == "steady\n"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a child with its parent")
def test_no_child_survives_a_supervisor_that_is_killed(tmp_path: Path) -> None:
    script = f"""
import sys, signal
from pathlib import Path
sys.path.insert(0, {str(Path(__file__).parent.parent.parent)!r})
from tests.stack.test_processes import child
from api.stack.farm import RESTARTS, Processes
processes = Processes(lambda _: None)
processes.start(child("orphan", Path({str(tmp_path)!r})))
print(processes.pids["orphan"], flush=True)
signal.pause()
"""
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as supervisor:
        assert supervisor.stdout is not None
        orphan = int(supervisor.stdout.readline())
        alive = not gone(orphan)

        supervisor.kill()

    assert alive
    until(lambda: gone(orphan))


def test_only_the_end_of_a_long_log_is_shown(tmp_path: Path) -> None:
    running = Running(child("wordy", tmp_path, "print('x' * 100_000); print('the end')"))
    running.wait_end()

    assert running.log_tail().endswith("the end")
    assert len(running.log_tail()) < 5000
