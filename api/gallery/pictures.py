"""Where pictures and thumbnails lie, and under which address a browser may ask for them.

Presigned links only where the deployment says at which origin browsers see its storage (`s3_public_endpoint`); else the
API's own paths. A link is given out again until it is about to expire, so that the browser's cache knows it.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable

from jobs.errors import ForbiddenUri
from jobs.keys import init_copy_uri
from jobs.ledger.views import JobView
from jobs.settings import Settings
from jobs.storage import Storage
from jobs.storage.rights import MAY, Rights
from jobs.uris import UploadUri, WebUri, parse, upload_uri
from jobs.variant import InitImage

LINK_SECONDS = 900
GOOD_SECONDS = 600
"""A link that is given out is good for so long at least."""
KEPT = 20_000
MAX_THUMB_BYTES = 1 << 20


class Links:
    """Addresses for browsers, stable for some minutes. Thread-safe. clock: Unix seconds."""

    def __init__(self, storage: Storage, settings: Settings, clock: Callable[[], float]) -> None:
        self._storage = storage
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, tuple[float, str]] = OrderedDict()
        self.direct = bool(settings.s3_public_endpoint) and settings.output_uri.startswith("s3://")

    def of(self, uri: str, path: str) -> str:
        """A link to the object at `uri`, or `path` where browsers don't reach the storage."""
        if not self.direct or not uri.startswith("s3://"):
            return path
        now = self._clock()
        with self._lock:
            made, link = self._kept.get(uri, (0.0, ""))
            if now - made < LINK_SECONDS - GOOD_SECONDS:
                return link
        link = self._storage.link(uri, ttl_seconds=LINK_SECONDS)
        with self._lock:
            self._kept[uri] = (now, link)
            self._kept.move_to_end(uri)
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return link


def init_uri(image: InitImage, view: JobView, settings: Settings, rights: Rights) -> str:
    """Where our storage holds an init image, or a copy of one on the web; empty where the caller may not read it."""
    try:
        at = parse(image.uri)
    except ForbiddenUri:
        return ""
    if isinstance(at, WebUri):
        return init_copy_uri(view.results_uri, image.name)
    if rights.why_never_read(at, caller=view.caller) != MAY:
        return ""
    return upload_uri(settings.output_uri, view.caller, at.sha256) if isinstance(at, UploadUri) else str(at)


def media_type(data: bytes) -> str:
    """What the first bytes of a stored picture announce; nothing that a browser would run."""
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if data.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    return "application/octet-stream"
