"""Bytes by URI: where init images come from and where results go.

Two implementations, one contract suite (`tests/contracts/test_storage.py`): `s3` (any S3-compatible store; the only
importer of boto3) and `files` (below allowed roots). `open_storage(settings)` gives the one that routes by scheme.
Nothing above this room knows which store it talks to. Keys always carry an extension and no key is a prefix of
another, because some stores keep keys as files. Nothing may be kept only in an object's metadata: some stores lose it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from jobs.settings import Settings

if TYPE_CHECKING:
    from jobs.storage.routing import StorageByScheme


class Written(StrEnum):
    """What a write came to."""

    CREATED = "created"
    EXISTS = "exists"


@dataclass(frozen=True, slots=True)
class Stat:
    """An object as a listing or a head shows it. `etag` is opaque, may be empty."""

    uri: str
    size: int
    etag: str


class Storage(Protocol):
    """Every method may raise `ImageNotFound` (nothing there), `ForbiddenUri` (not ours), or `StorageUnavailable`."""

    def read(self, uri: str, *, limit: int) -> bytes:
        """All bytes at `uri`; `TooLarge` above `limit` bytes, before they are in memory."""
        ...

    def write(self, uri: str, data: bytes, content_type: str, *, if_absent: bool) -> Written:
        """Put `data` at `uri`. With `if_absent` an object that is already there is left alone and EXISTS returned."""
        ...

    def write_file(self, uri: str, path: str, content_type: str) -> None:
        """Put the local file at `path` there, whatever its size, replacing what was there."""
        ...

    def head(self, uri: str) -> Stat | None:
        """The object's size and etag, None where nothing is there."""
        ...

    def list(self, prefix: str, *, start_after: str = "") -> Iterator[Stat]:
        """Objects whose URI starts with `prefix`, in key order, lazily; only those after the URI `start_after`."""
        ...

    def delete(self, uri: str) -> None:
        """Remove the object; nothing there is no error."""
        ...

    def link(self, uri: str, *, ttl_seconds: int) -> str:
        """A URL that anyone may GET for `ttl_seconds` (at most 900), for this one object."""
        ...


def open_storage(settings: Settings) -> "StorageByScheme":
    """Give the deployment's storage, which routes by scheme and connects on first use.

    Beyond the protocol it has `conditional_put` (which promise a write with `if_absent` keeps) and `ensure_bucket()`
    (creates the bucket or folder that results go to; called once at start).
    """
    from jobs.storage.routing import StorageByScheme  # noqa: PLC0415 - it imports this module

    return StorageByScheme(settings)
