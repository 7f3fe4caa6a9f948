"""One store for everyone above: each URI goes to the store of its scheme, which is opened on first use."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from jobs.errors import ForbiddenUri
from jobs.settings import Settings
from jobs.storage import Stat, Storage, Written
from jobs.storage.files import FileStorage
from jobs.telemetry.metrics import storing
from jobs.uris import parse_file, shown

if TYPE_CHECKING:
    from jobs.storage.s3 import S3Storage


class StorageByScheme:
    """`s3://` to the configured store, `file://` to the input roots (read) and the output folder (read and write)."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._outputs_to_files = settings.output_uri.startswith("file:")
        outputs = (Path(parse_file(settings.output_uri, folder=True).path),) if self._outputs_to_files else ()
        self._files = FileStorage(settings.input_roots, writable=outputs)
        self._s3_lock = threading.Lock()
        self._s3: S3Storage | None = None

    @property
    def conditional_put(self) -> bool:
        """Whether the store of the results creates an object in one step, or looks first and then puts.

        Raises:
            StorageUnavailable: the store could not be asked.

        """
        return self._files.conditional_put if self._outputs_to_files else self._open_s3().conditional_put

    def ensure_bucket(self) -> None:
        """Create the bucket or folder that results go to, where it is missing.

        Raises:
            StorageUnavailable: the store did not answer, or does not let us.

        """
        if self._outputs_to_files:
            Path(parse_file(self._settings.output_uri, folder=True).path).mkdir(parents=True, exist_ok=True)
        else:
            self._open_s3().ensure_bucket()

    def read(self, uri: str, *, limit: int) -> bytes:
        """All bytes at `uri`."""
        with storing("read"):
            return self._of(uri).read(uri, limit=limit)

    def write(self, uri: str, data: bytes, content_type: str, *, if_absent: bool) -> Written:
        """Put `data` at `uri`."""
        with storing("write"):
            return self._of(uri).write(uri, data, content_type, if_absent=if_absent)

    def write_file(self, uri: str, path: str, content_type: str) -> None:
        """Put a local file there."""
        with storing("write"):
            self._of(uri).write_file(uri, path, content_type)

    def head(self, uri: str) -> Stat | None:
        """Size and etag, None where nothing is there."""
        with storing("head"):
            return self._of(uri).head(uri)

    def list(self, prefix: str, *, start_after: str = "") -> Iterator[Stat]:
        """Objects below `prefix`, lazily."""
        with storing("list"):  # all of it: whoever lists is mostly waiting for the store
            yield from self._of(prefix).list(prefix, start_after=start_after)

    def delete(self, uri: str) -> None:
        """Remove the object."""
        with storing("delete"):
            self._of(uri).delete(uri)

    def link(self, uri: str, *, ttl_seconds: int) -> str:
        """Give a link for `ttl_seconds`."""
        return self._of(uri).link(uri, ttl_seconds=ttl_seconds)

    def _of(self, uri: str) -> Storage:
        if uri.startswith("s3://"):
            return self._open_s3()
        if uri.startswith("file://"):
            return self._files
        raise ForbiddenUri(f"'{shown(uri)}' is not in a store", remedy="Use s3:// or file://.")

    def _open_s3(self) -> "S3Storage":
        with self._s3_lock:
            if self._s3 is None:
                from jobs.storage.s3 import S3Storage  # noqa: PLC0415 - boto3 costs 0.2 s; folders alone don't need it

                self._s3 = S3Storage(self._settings)
            return self._s3
