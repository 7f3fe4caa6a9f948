"""What planning listed, frozen in storage beside the manifest: written as a stream, read a page at a time.

A sweep over a million objects needs the image of one position at a time; pages of a thousand lines are read when a
position asks for them, and the last few are kept. Nobody ever holds the whole listing.
"""

import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import Any, overload

import orjson

from jobs.keys import listing_page_uri, listing_uri
from jobs.spec.model import FieldValue, ImageSpec, JobSpec
from jobs.storage import Storage
from jobs.sweep import Sweep
from jobs.variant import WeightedPrompt

PAGE = 1000
PAGES_KEPT = 16
WRITERS = 4
MAX_INDEX_BYTES = 1 << 20
MAX_PAGE_BYTES = 64 << 20
MEDIA_TYPE = "application/x-ndjson"


@dataclass(frozen=True, slots=True)
class TablePin:
    """A table of images as it was when its rows were read. etag: empty where the place has none (the web)."""

    uri: str
    size: int
    etag: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Index:
    """What there is: `images.json`. folder: of the pages. bare: no image has settings of its own."""

    folder: str
    images: int
    variants: int
    bare: bool
    passed_over: int = 0
    tables: tuple[TablePin, ...] = ()

    def text(self) -> bytes:
        """As it is stored."""
        return orjson.dumps(self, option=orjson.OPT_INDENT_2)

    @classmethod
    def read(cls, text: bytes) -> "Index":
        """As it was stored."""
        said = orjson.loads(text)
        return cls(**{**said, "tables": tuple(TablePin(**pin) for pin in said.get("tables", ()))})


class ListedImages(Sequence[ImageSpec]):
    """The images of a listing, by position. Thread-safe. `read(page)` gives a page's text."""

    def __init__(self, count: int, read: Callable[[int], bytes]) -> None:
        self._count = count
        self._read = read
        self._pages: OrderedDict[int, list[bytes]] = OrderedDict()
        self._lock = threading.Lock()
        self._latest: tuple[int, ImageSpec | None] = (-1, None)

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, k: int) -> ImageSpec: ...
    @overload
    def __getitem__(self, k: slice) -> tuple[ImageSpec, ...]: ...
    def __getitem__(self, k: int | slice) -> ImageSpec | tuple[ImageSpec, ...]:
        if isinstance(k, slice):
            return tuple(self[j] for j in range(*k.indices(self._count)))
        if not 0 <= k < self._count:
            raise IndexError(k)
        number, latest = self._latest
        if latest is None or number != k:
            latest = _image(self._page(k // PAGE)[k % PAGE])
            self._latest = (k, latest)
        return latest

    def _page(self, page: int) -> list[bytes]:
        with self._lock:
            found = self._pages.get(page)
            if found is not None:
                self._pages.move_to_end(page)
                return found
        # Not under the lock: a slow store must not stop those whose page is here.
        lines = self._read(page).splitlines()
        with self._lock:
            self._pages[page] = lines
            while len(self._pages) > PAGES_KEPT:
                self._pages.popitem(last=False)
        return lines


def stored_images(storage: Storage, results_uri: str, index: Index) -> ListedImages:
    """The images of the listing that lies below `results_uri`."""

    def read(page: int) -> bytes:
        return storage.read(listing_page_uri(results_uri, index.folder, page), limit=MAX_PAGE_BYTES)

    return ListedImages(index.images, read)


def stored_sweep(storage: Storage, results_uri: str, spec: JobSpec) -> Sweep:
    """The sweep of a planned job, over the images that planning listed where its manifest leaves them open.

    Raises:
        ImageNotFound: it is not planned.
        StorageUnavailable: the listing can't be read.

    """
    if not spec.open:
        return Sweep(spec)
    index = Index.read(storage.read(listing_uri(results_uri), limit=MAX_INDEX_BYTES))
    return Sweep(spec, stored_images(storage, results_uri, index), bare=index.bare, count=index.variants)


def write_pages(storage: Storage, results_uri: str, folder: str, images: Iterable[ImageSpec]) -> int:
    """Store the images as pages, as fast as they come; returns how many there were.

    Raises:
        StorageUnavailable: a page could not be written, and whatever `images` raises.

    """
    count, waiting = 0, deque[Future[Any]]()
    with ThreadPoolExecutor(WRITERS, thread_name_prefix="listing") as pool:
        for number, page in enumerate(_pages(images)):
            count += len(page)
            uri = listing_page_uri(results_uri, folder, number)
            text = b"".join(map(_line, page))
            waiting.append(pool.submit(storage.write, uri, text, MEDIA_TYPE, if_absent=False))
            if len(waiting) > WRITERS:
                waiting.popleft().result()
        for future in waiting:
            future.result()
    return count


def _pages(images: Iterable[ImageSpec]) -> Iterator[list[ImageSpec]]:
    stream = iter(images)
    while page := list(islice(stream, PAGE)):
        yield page


def _line(image: ImageSpec) -> bytes:
    settings = {name: _written(value) for name, value in image.settings.items()}
    row = [image.uri, image.name, image.size, image.etag, image.custom_id, settings]
    return orjson.dumps(row[:4] if not settings and not image.custom_id else row, option=orjson.OPT_APPEND_NEWLINE)


def _image(line: bytes) -> ImageSpec:
    uri, name, size, etag, *more = orjson.loads(line)
    custom_id, settings = more or ("", {})
    return ImageSpec(uri, name, {key: _read(value) for key, value in settings.items()}, custom_id, size=size, etag=etag)


def _written(value: FieldValue) -> object:
    return [[part.text, part.weight] for part in value] if isinstance(value, tuple) else value


def _read(value: Any) -> FieldValue:  # noqa: ANN401 - JSON of our own
    return tuple(WeightedPrompt(*part) for part in value) if isinstance(value, list) else value
