"""Gets the bytes of an init image, from wherever its URI says and only if this deployment and this caller may.

==================  =======================================================================================
`upload://<sha>`    the caller's own uploads in the storage; the bytes must have that hash
`s3://`, `file://`  the caller's own folder of the results; else a listed bucket or a file below a listed root
`http(s)://`        hosts that the caller is granted, public addresses, through the guard in `web`
==================  =======================================================================================

A fault of the world is tried again here, briefly; what lasts longer is given back to the ledger, which waits in
minutes and lets other variants go first.
"""

import hashlib
import random
import time
from collections.abc import Callable
from typing import TypeVar

from jobs.errors import BadImage, ForbiddenUri, ImageChanged, StorageUnavailable, Unreachable, WorldsFault
from jobs.settings import Settings
from jobs.storage import Stat, Storage
from jobs.storage.rights import Rights
from jobs.uris import FileUri, S3Uri, UploadUri, Uri, WebUri, caller_uri, parse, shown, upload_uri
from worker.intake.web import Web, WebRules

T = TypeVar("T")

ATTEMPTS = 3
BASE_SECONDS = 0.2


class Fetcher:
    """Fetches init images. Thread-safe. `jitter` gives 0..1; it and `sleep` are passed in for the tests."""

    def __init__(
        self,
        storage: Storage,
        settings: Settings,
        *,
        web: Web | None = None,
        rights: Rights | None = None,
        sleep: Callable[[float], None] = time.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._storage = storage
        self._settings = settings
        self._web = web or Web(WebRules(private=settings.fetch_private, ports=settings.fetch_ports))
        self._rights = rights or Rights(settings)
        self._sleep = sleep
        self._jitter = jitter

    def fetch(self, uri: str, *, caller: str, size: int = -1, etag: str = "") -> bytes:
        """All bytes at `uri`, at most `max_image_bytes`. size, etag: what it must be; -1 and empty for whatever it is.

        Raises:
            ForbiddenUri: not a URI that `caller` may have read here.
            ImageNotFound: nothing lies there.
            TooLarge: more bytes than the bound.
            BadImage: an upload whose bytes changed.
            ImageChanged: it is not of that size and etag.
            Unreachable, StorageUnavailable: the world's fault, after some attempts.

        """
        at = parse(uri)
        limit = self._settings.max_image_bytes
        if isinstance(at, WebUri):
            return self._insist(lambda: self._web.get(at, limit=limit, allow=lambda to: self.check(to, caller=caller)))
        if isinstance(at, UploadUri):
            where = upload_uri(self._settings.output_uri, caller, at.sha256)
            data = self._insist(lambda: self._storage.read(where, limit=limit))
            if hashlib.sha256(data).hexdigest() != at.sha256:
                raise BadImage(f"the upload {at} has other bytes than its name says", remedy="Upload it again.")
            return data
        self.check(at, caller=caller)
        try:
            data = self._insist(lambda: self._storage.read(str(at), limit=limit))
            self._same(str(at), data, size, etag)
        except StorageUnavailable as error:
            if str(at).startswith(caller_uri(self._settings.output_uri, caller)):
                raise
            # Another's store: its faults are counted, while the job waits for our own as long as it takes.
            raise Unreachable(f"'{shown(str(at))}': {error}", remedy=error.remedy) from error
        return data

    def stat(self, uri: str, *, caller: str) -> Stat | None:
        """What lies at `uri` by size and etag; None for what has no such, or where nothing lies there.

        The web has no etag that can be trusted, and an upload's name says its content already.

        Raises:
            ForbiddenUri: not a URI that `caller` may have read here.
            StorageUnavailable: the store can't be asked.

        """
        at = parse(uri)
        if not isinstance(at, S3Uri | FileUri):
            return None
        self.check(at, caller=caller)
        return self._insist(lambda: self._storage.head(str(at)))

    def check(self, at: Uri, *, caller: str) -> None:
        """Refuse what `caller` may not have read: before anything is opened, listed or connected to.

        Raises:
            ForbiddenUri: it is not allowed here; the message says why.

        """
        why, remedy = self._rights.why_never_read(at, caller=caller)
        if why:
            raise ForbiddenUri(f"'{shown(str(at))}' is not read: {why}", remedy=f"{remedy}.")

    def _same(self, uri: str, data: bytes, size: int, etag: str) -> None:
        same = size in {-1, len(data)}
        # Most stores' etags are the MD5 of the bytes, which saves a question; parts and encryption make others.
        if same and etag and hashlib.md5(data, usedforsecurity=False).hexdigest() != etag:
            found = self._storage.head(uri)
            same = found is not None and found.etag == etag
        if not same:
            remedy = "Put the object back, or submit the job again for what lies there now."
            raise ImageChanged(f"'{shown(uri)}' has changed since the job was planned", remedy=remedy)

    def _insist(self, get: Callable[[], T]) -> T:
        for attempt in range(1, ATTEMPTS):
            try:
                return get()
            except WorldsFault:
                self._sleep(BASE_SECONDS * 2**attempt * (0.5 + self._jitter()))
        try:
            return get()
        except Unreachable as error:
            raise Unreachable(f"{error}, {ATTEMPTS} times", remedy=error.remedy) from error
