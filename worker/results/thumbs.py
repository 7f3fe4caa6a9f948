"""Thumbnails beside the pictures: one for each variant and one for each init image, stored before the picture itself.

Of an init image that came from the web a copy is kept as well, for pages that show it beside the picture.

So a picture that is found stored after a crash has its thumbnail already. A thumbnail is worth no retry and no refusal:
where the store does not take it, the picture goes on, and a page shows a plain cell.
"""

import threading
from collections import OrderedDict

import structlog

from jobs.errors import PentimentoError
from jobs.keys import init_copy_uri, init_thumb_uri, thumb_uri
from jobs.storage import Storage
from worker.backends import Order, Pixels
from worker.output.thumb import encode_thumb

_log = structlog.get_logger(__name__)

MEDIA_TYPE = "image/webp"
KEPT = 10_000
_MAX_BYTES = 1 << 20


class Thumbs:
    """Thumbnails of one process. Thread-safe. side: pixels at most, 0 for none at all."""

    def __init__(self, storage: Storage, side: int) -> None:
        self._storage = storage
        self._side = side
        self._lock = threading.Lock()
        self._inits: OrderedDict[str, None] = OrderedDict()

    def keep(self, results_uri: str, order: Order, pixels: Pixels) -> None:
        """Store those of a picture (uint8 RGB, shape (height, width, 3)) and, once, of its init image."""
        if not self._side:
            return
        self._keep_init(results_uri, order)
        self._write(thumb_uri(results_uri, order.variant.index), pixels)

    def link(self, results_uri: str, order: Order, earlier: str) -> None:
        """The same for a picture of another job, whose thumbnail lies at the URI `earlier`."""
        if not self._side:
            return
        self._keep_init(results_uri, order)
        try:
            data = self._storage.read(earlier, limit=_MAX_BYTES)
            self._storage.write(thumb_uri(results_uri, order.variant.index), data, MEDIA_TYPE, if_absent=False)
        except PentimentoError as error:
            _log.info("no thumbnail", error=str(error))

    def _keep_init(self, results_uri: str, order: Order) -> None:
        uri = init_thumb_uri(results_uri, order.variant.image.name)
        with self._lock:
            if uri in self._inits:
                return
            self._inits[uri] = None
            while len(self._inits) > KEPT:
                self._inits.popitem(last=False)
        self._write(uri, order.pixels)
        if order.variant.image.uri.startswith(("http:", "https:")):
            self._write(init_copy_uri(results_uri, order.variant.image.name), order.pixels, whole=True)

    def _write(self, uri: str, pixels: Pixels, *, whole: bool = False) -> None:
        side = max(pixels.shape) if whole else self._side
        try:
            self._storage.write(uri, encode_thumb(pixels, side), MEDIA_TYPE, if_absent=False)
        except PentimentoError as error:
            _log.info("no thumbnail", uri=uri, error=str(error))
