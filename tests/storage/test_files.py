"""Plain folders: nothing outside the allowed roots is ever read, listed, written or waited for."""

import os
from pathlib import Path

import pytest

from jobs.errors import ForbiddenUri, ImageNotFound, PentimentoError
from jobs.settings import Settings
from jobs.storage import open_storage
from jobs.storage.files import FileStorage


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A root with one picture, beside a secret that lies outside it."""
    (tmp_path / "root" / "sub").mkdir(parents=True)
    (tmp_path / "root" / "a.png").write_bytes(b"inside")
    (tmp_path / "secret.txt").write_bytes(b"outside")
    return tmp_path / "root"


@pytest.mark.parametrize(
    "tail",
    [
        "/../secret.txt",
        "/sub/../../secret.txt",
        "/%2e%2e/secret.txt",
        "/..%2fsecret.txt",
        "//a.png",
        "/./a.png",
        "/a.png%00",
        "/a.png\n",
        "/sub",
        "",
        "/",
    ],
)
def test_no_spelling_leads_out_of_the_root(root: Path, tail: str) -> None:
    storage = FileStorage([root])

    with pytest.raises(ForbiddenUri):
        storage.read(f"file://{root}{tail}", limit=100)


def test_a_symbolic_link_is_followed_only_inside_the_root(root: Path) -> None:
    storage = FileStorage([root])
    (root / "inside.png").symlink_to(root / "a.png")
    (root / "outside.png").symlink_to(root.parent / "secret.txt")
    (root / "folder").symlink_to(root.parent)

    assert storage.read(f"file://{root}/inside.png", limit=100) == b"inside"
    for escape in ("outside.png", "folder/secret.txt"):
        with pytest.raises(ForbiddenUri):
            storage.read(f"file://{root}/{escape}", limit=100)
    assert [stat.uri.rpartition("/")[2] for stat in storage.list(f"file://{root}/")] == ["a.png", "inside.png"]


def test_a_fifo_is_refused_and_never_waited_for(root: Path) -> None:
    os.mkfifo(root / "pipe.png")
    storage = FileStorage([root])

    with pytest.raises(ForbiddenUri, match="regular file"):
        storage.read(f"file://{root}/pipe.png", limit=100)
    assert [stat.uri for stat in storage.list(f"file://{root}/")] == [f"file://{root}/a.png"]


def test_a_device_is_refused() -> None:
    storage = FileStorage([Path("/dev")])

    with pytest.raises(ForbiddenUri, match="regular file"):
        storage.read("file:///dev/zero", limit=100)


def test_a_file_in_place_of_a_folder_means_that_nothing_is_there(root: Path) -> None:
    with pytest.raises(ImageNotFound):
        FileStorage([root]).read(f"file://{root}/a.png/b.png", limit=100)


def test_input_roots_are_read_but_never_written(root: Path, tmp_path: Path) -> None:
    storage = open_storage(Settings(input_roots=(root,), output_uri=f"file://{tmp_path}/out"))

    assert storage.read(f"file://{root}/a.png", limit=100) == b"inside"
    with pytest.raises(ForbiddenUri):
        storage.write(f"file://{root}/b.png", b"-", "image/png", if_absent=True)
    with pytest.raises(ForbiddenUri):
        storage.delete(f"file://{root}/a.png")


def test_without_roots_no_file_is_read(root: Path) -> None:
    with pytest.raises(ForbiddenUri):
        open_storage(Settings()).read(f"file://{root}/a.png", limit=100)


def test_a_write_that_failed_leaves_nothing_behind(root: Path) -> None:
    storage = FileStorage([root])
    (root / "taken").mkdir()

    with pytest.raises(PentimentoError):
        storage.write(f"file://{root}/taken", b"-", "image/png", if_absent=False)

    assert sorted(path.name for path in root.iterdir()) == ["a.png", "sub", "taken"]
