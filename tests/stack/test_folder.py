"""Promises about the data folder of a farm."""

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from api.cli.address import running_stack
from api.stack.child import ChildFailed
from api.stack.folder import DataFolder

HOLD = """
import sys
from pathlib import Path
from api.stack.folder import DataFolder
lock = DataFolder(Path(sys.argv[1])).lock()
print("held", flush=True)
sys.stdin.read()
"""


def test_a_folder_in_use_names_the_process_that_holds_it(tmp_path: Path) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"

        with pytest.raises(ChildFailed, match=f"in use by process {holder.pid}"):
            DataFolder(tmp_path).lock()

        holder.communicate()


def test_a_folder_whose_holder_died_can_be_taken(tmp_path: Path) -> None:
    DataFolder(tmp_path).lock().close()

    with DataFolder(tmp_path).lock():
        held = (tmp_path / "lock").read_text()

    assert held == str(os.getpid())


def test_a_path_that_cannot_be_a_folder_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(ChildFailed, match="cannot be used"):
        DataFolder(tmp_path / "file").lock()


def test_keys_are_made_once_for_their_owner_alone(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)

    first, second = folder.credentials(), DataFolder(tmp_path).credentials()

    assert first == second
    assert stat.S_IMODE(folder.credentials_file.stat().st_mode) == 0o600
    assert first.secret_key not in repr(first)


def test_two_folders_have_different_keys(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()

    assert DataFolder(tmp_path).credentials() != DataFolder(tmp_path / "other").credentials()


@pytest.mark.parametrize("text", ["", "[]", '{"access_key": "a"}', "\x00"])
def test_damaged_keys_are_said_with_the_remedy(tmp_path: Path, text: str) -> None:
    folder = DataFolder(tmp_path)
    folder.credentials_file.write_text(text)

    with pytest.raises(ChildFailed) as failed:
        folder.credentials()

    assert "Delete it" in failed.value.remedy


def test_the_log_of_the_run_before_is_kept(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    folder.log("api").parent.mkdir()
    folder.log("api").write_text("before")

    folder.start_log("api")

    assert not folder.log("api").exists()
    assert (tmp_path / "logs" / "api.log.1").read_text() == "before"


def test_other_commands_find_the_farm_while_it_runs(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)

    folder.note("http://127.0.0.1:4711")
    found = running_stack(tmp_path)
    folder.forget()

    assert found == "http://127.0.0.1:4711"
    assert running_stack(tmp_path) == ""


def test_a_note_of_a_process_that_is_gone_is_not_believed(tmp_path: Path) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    (tmp_path / "stack.json").write_text(json.dumps({"api_url": "http://127.0.0.1:1", "pid": ended.pid}))

    assert running_stack(tmp_path) == ""
