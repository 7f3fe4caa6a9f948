"""The remotes file: what it says, and what is said where it is wrong."""

from pathlib import Path

import pytest

from jobs.errors import InvalidSpec
from jobs.models import ModelTable
from jobs.settings import Settings
from worker.backends.registry import open_backend
from worker.backends.remote.remotes import load_remotes


def written(folder: Path, text: str) -> Path:
    path = folder / "remotes.toml"
    path.write_text(text)
    return path


def test_several_remotes_are_told_apart_by_name(tmp_path: Path) -> None:
    path = written(
        tmp_path, '[remotes.upstairs]\ntarget = "a:1"\ncalls = 3\n[remotes.hosted]\ntarget = "b:443"\ntls = true\n'
    )

    found = load_remotes(path)

    assert (found["upstairs"].target, found["upstairs"].calls, found["upstairs"].tls) == ("a:1", 3, False)
    assert (found["hosted"].target, found["hosted"].tls) == ("b:443", True)
    assert load_remotes(None) == {}


@pytest.mark.parametrize(
    ("text", "where", "what"),
    [
        ('[remotes.a]\ntarget = "nowhere"', "remotes.a.target", "match"),
        ('[remotes.local]\ntarget = "a:1"', "remotes.local", "not local"),
        ('[remotes.a]\ntarget = "a:1"\ncals = 2', "remotes.a.cals", "not permitted"),
        ('[remotes.a]\ntarget = "a:1"\nkey = "s3cret"', "remotes.a", "in the clear"),
        ('[remotes.a]\ntarget = "a:1"\nmetadata = { "X-Y" = "1" }', "remotes.a.metadata", "lower case"),
        ('[remote.a]\ntarget = "a:1"', "remote", "unknown key"),
        ("[remotes", "file", "not TOML"),
    ],
)
def test_a_wrong_file_says_where_and_what_and_no_secret(tmp_path: Path, text: str, where: str, what: str) -> None:
    with pytest.raises(InvalidSpec) as refused:
        load_remotes(written(tmp_path, text))

    (problem,) = refused.value.problems
    assert problem.path == where
    assert what in problem.message
    assert "s3cret" not in str(refused.value)


def test_the_key_is_read_from_beside_the_file_each_time(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("first\n")
    remote = load_remotes(written(tmp_path, '[remotes.a]\ntarget = "a:1"\ntls = true\nkey_file = "key"'))["a"]
    before = remote.secret()
    (tmp_path / "key").write_text("second")

    assert (before, remote.secret()) == ("first", "second")


def test_a_backend_that_nobody_named_is_refused_with_those_that_are(tmp_path: Path) -> None:
    path = written(tmp_path, '[remotes.upstairs]\ntarget = "a:1"')

    with pytest.raises(InvalidSpec, match="local, paced, upstairs"):
        open_backend(Settings(backend="downstairs", remotes_file=path), ModelTable.load())


def test_a_model_that_the_table_has_not_is_refused_when_the_backend_is_opened(tmp_path: Path) -> None:
    path = written(tmp_path, '[remotes.upstairs]\ntarget = "a:1"\nmodels = { nobody = "x" }')

    with pytest.raises(Exception, match="nobody"):
        open_backend(Settings(backend="upstairs", remotes_file=path), ModelTable.load())
