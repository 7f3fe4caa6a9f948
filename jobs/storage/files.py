"""On one machine the pictures may lie in plain folders; this store never leaves the folders that it was given.

A path is allowed where its real path, after every symbolic link, lies below an allowed root. Only regular files are
read (a FIFO or a device would block or never end). A write goes to a neighbouring temporary file first, and then takes
its name in one step, so nobody reads half of it; with `if_absent` that step fails where the name is taken.
"""

import os
import secrets
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from shutil import copyfileobj
from typing import BinaryIO

from jobs.errors import ForbiddenUri, ImageNotFound, StorageUnavailable, TooLarge
from jobs.storage import Stat, Written
from jobs.uris import FileUri, parse_file, shown

_UNFINISHED = ".part"


class FileStorage:
    """Files below `roots`; only those below `writable` (by default the same) are written or deleted."""

    conditional_put = True
    """A link to an existing name fails on every file system that we write to."""

    def __init__(self, roots: Sequence[Path], *, writable: Sequence[Path] | None = None) -> None:
        self._writable = tuple(Path(os.path.realpath(root)) for root in (roots if writable is None else writable))
        self._roots = (*(Path(os.path.realpath(root)) for root in roots), *self._writable)

    def read(self, uri: str, *, limit: int) -> bytes:
        """All bytes at `uri`."""
        path = self._inside(uri, self._roots)
        with _translated(uri), open(path, "rb", opener=_open_regular) as file:
            if os.fstat(file.fileno()).st_size > limit:
                raise _too_large(uri, limit)
            data = file.read(limit + 1)
        if len(data) > limit:
            raise _too_large(uri, limit)
        return data

    def write(self, uri: str, data: bytes, content_type: str, *, if_absent: bool) -> Written:  # noqa: ARG002 - a file has no type
        """Put `data` at `uri`, durably."""
        path = self._inside(uri, self._writable)
        with _translated(uri), _unfinished(path) as (file, part):
            file.write(data)
            _flush(file)
            if not if_absent:
                part.replace(path)
                return Written.CREATED
            try:
                path.hardlink_to(part)
            except FileExistsError:
                return Written.EXISTS
            return Written.CREATED

    def write_file(self, uri: str, path: str, content_type: str) -> None:  # noqa: ARG002 - a file has no type
        """Copy the local file at `path` there."""
        to = self._inside(uri, self._writable)
        with _translated(uri), open(path, "rb") as source, _unfinished(to) as (file, part):  # noqa: PTH123 - a str by contract
            copyfileobj(source, file)
            _flush(file)
            part.replace(to)

    def head(self, uri: str) -> Stat | None:
        """Size and a tag of size and time, None where nothing is there."""
        path = self._inside(uri, self._roots)
        with _translated(uri):
            return _stat(path, uri) if path.is_file() else None

    def list(self, prefix: str, *, start_after: str = "") -> Iterator[Stat]:
        """Regular files below `prefix` in the order of their keys, without unfinished writes and linked folders."""
        wanted = parse_file(prefix, folder=True).path
        after = parse_file(start_after, folder=True).path if start_after else ""
        folder = wanted.rpartition("/")[0]
        with _translated(prefix):
            real = self._inside(str(FileUri(folder or "/")), self._roots)
            if real.is_dir():
                yield from self._walk(folder, wanted, after)

    def delete(self, uri: str) -> None:
        """Remove the file; nothing there is no error."""
        path = self._inside(uri, self._writable)
        with _translated(uri), suppress(FileNotFoundError):
            path.unlink()

    def link(self, uri: str, *, ttl_seconds: int) -> str:  # noqa: ARG002 - a path can't expire
        """Give the file's own URI: whoever may read the folder may read it, for as long as it is there."""
        return str(FileUri(str(self._inside(uri, self._roots))))

    def _inside(self, uri: str, roots: Sequence[Path]) -> Path:
        path = Path(os.path.realpath(parse_file(uri, folder=True).path))
        if not any(path.is_relative_to(root) for root in roots):
            remedy = "Put the file below a folder of PENTIMENTO_INPUT_ROOTS, or add its folder there."
            raise ForbiddenUri(f"'{shown(uri)}' does not lie below an allowed folder", remedy=remedy)
        return path

    def _walk(self, folder: str, wanted: str, after: str) -> Iterator[Stat]:
        """Depth first with `/` behind folders' names, which is the order of whole keys."""
        with os.scandir(folder or "/") as entries:
            names = sorted(f"{entry.name}/" if entry.is_dir() else entry.name for entry in entries)
        for name in names:
            path = f"{folder}/{name}"
            if name.endswith("/"):
                inside = path.startswith(wanted) or wanted.startswith(path)
                if inside and (path > after or after.startswith(path)) and self._allowed(path):
                    yield from self._walk(path[:-1], wanted, after)
            elif path.startswith(wanted) and path > after and not name.endswith(_UNFINISHED) and self._allowed(path):
                yield _stat(Path(path), str(FileUri(path)))

    def _allowed(self, path: str) -> bool:
        real = Path(os.path.realpath(path))
        loops = real.is_dir() and Path(path.rstrip("/")).is_symlink()
        return (
            not loops and (real.is_dir() or real.is_file()) and any(real.is_relative_to(root) for root in self._roots)
        )


def _open_regular(path: str, flags: int) -> int:
    """Never wait for a FIFO's writer, never follow a link that appeared after the check."""
    descriptor = os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise ForbiddenUri(f"'{path}' is not a regular file", remedy="Name a picture file.")
    return descriptor


@contextmanager
def _unfinished(path: Path) -> Iterator[tuple[BinaryIO, Path]]:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name[:200]}.{secrets.token_hex(6)}{_UNFINISHED}")
    try:
        with part.open("xb") as file:
            yield file, part
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def _translated(uri: str) -> Iterator[None]:
    try:
        yield
    except (FileNotFoundError, NotADirectoryError) as error:
        raise ImageNotFound(f"nothing lies at '{shown(uri)}'", remedy="Check the path.") from error
    except IsADirectoryError as error:
        raise ForbiddenUri(f"'{shown(uri)}' is a folder", remedy="Name a file.") from error
    except OSError as error:
        said = f"the file system could not serve '{shown(uri)}': {error.strerror}"
        raise StorageUnavailable(said, remedy="Check the disk and the folder's permissions.") from error


def _flush(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _stat(path: Path, uri: str) -> Stat:
    found = path.stat()
    return Stat(uri, found.st_size, f"{found.st_size:x}-{found.st_mtime_ns:x}")


def _too_large(uri: str, limit: int) -> TooLarge:
    return TooLarge(f"'{shown(uri)}' holds more than {limit} bytes", remedy="Use a smaller file.")
