"""Everything untrusted about images: from a URI that a stranger wrote to pixels that the engine can take.

::

    uri --fetch--> bytes --decode--> picture --fit--> pixels --cache--> order

`fetch` decides what may be read and gets it (`web` and `address` guard what goes over the network); `decode` decides
what is a picture (`header` looks at the claim before any decoder does); `fit` decides the size; `cache` does all that
once for a sweep. Every failure is one sentence with a remedy: `ForbiddenUri`, `ImageNotFound`, `TooLarge` and
`BadImage` are the caller's to mend and final, `Unreachable` and `StorageUnavailable` are worth another try later.
"""

import hashlib
from dataclasses import dataclass

from jobs.errors import BadImage
from jobs.models import Model
from jobs.settings import Settings
from jobs.storage import Stat, Storage
from jobs.telemetry.metrics import staged
from jobs.uris import Uri, shown
from jobs.variant import Fit, Variant
from worker.booth.decode import Pixels
from worker.booth.pool import booths
from worker.intake.cache import OnceCache
from worker.intake.fetch import Fetcher
from worker.intake.fit import fit
from worker.intake.mask import MaskPixels, check_shape, grey

CACHE_BYTES = 256 << 20


@dataclass(frozen=True, slots=True, eq=False)
class InitPixels:
    """An init image, ready for an order. Shared by everyone who asks for it: never write to `pixels`.

    pixels: uint8 RGB, shape (height, width, 3), both multiples of what was asked for.
    sha256: of the bytes as fetched, 64 hex digits. original_size: (width, height), upright, before fitting.
    """

    pixels: Pixels
    sha256: str
    original_size: tuple[int, int]


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What tells two cached pictures apart. The caller, because what one may read another may not."""

    job: str
    caller: str
    uri: str
    width: int | None
    height: int | None
    multiple: int
    max_pixels: int
    mode: Fit
    size: int
    etag: str


class Intake:
    """Init images by URI. Thread-safe; one for the whole process."""

    def __init__(
        self, storage: Storage, settings: Settings, *, fetcher: Fetcher | None = None, cache_bytes: int = CACHE_BYTES
    ) -> None:
        self._fetcher = fetcher or Fetcher(storage, settings)
        self._max_pixels = settings.max_image_pixels
        self._cache = OnceCache[_Wanted, InitPixels](cache_bytes, lambda found: found.pixels.nbytes)
        self._masks = OnceCache[tuple[_Wanted, tuple[int, int], float], MaskPixels](
            cache_bytes // 4, lambda found: found.kept.nbytes
        )

    def init_image(  # noqa: PLR0913 - the model's three limits travel with the variant's three wishes
        self,
        uri: str,
        *,
        caller: str,
        width: int | None,
        height: int | None,
        multiple: int,
        max_pixels: int,
        mode: Fit,
        job: str = "",
        size: int = -1,
        etag: str = "",
    ) -> InitPixels:
        """Fetch, decode and fit the image at `uri`, once for each job (a later job may find other bytes there).

        size (bytes) and etag: what was listed, -1 and empty for none.
        width and height in pixels, None for the image's own; multiple and max_pixels are the model's.

        Raises:
            ForbiddenUri, ImageNotFound, ImageChanged, TooLarge, BadImage: final; the message names the URI.
            Unreachable, StorageUnavailable: retryable.

        """
        wanted = _Wanted(job, caller, uri, width, height, multiple, max_pixels, mode, size, etag)
        return self._cache.get(wanted, lambda: self._make(wanted))

    def image_of(self, variant: Variant, model: Model, *, caller: str, job: str) -> InitPixels:
        """A variant's init image, as it was listed, fitted to its model. Raises as `init_image`."""
        wanted = variant.parameters
        return self.init_image(
            variant.image.uri,
            caller=caller,
            width=wanted.width,
            height=wanted.height,
            multiple=model.multiple,
            max_pixels=model.max_pixels,
            mode=wanted.fit,
            job=job,
            size=variant.image.size,
            etag=variant.image.etag,
        )

    def mask(
        self, uri: str, image: InitPixels, *, caller: str, mode: Fit, feather_pixels: float, job: str = ""
    ) -> MaskPixels:
        """The mask at `uri` for a fitted init image: fetched, decoded and fitted like it, softened; once for each job.

        Raises:
            as `init_image`; BadImage, too, for a mask of another shape than the image's.

        """
        height, width = image.pixels.shape[:2]
        wanted = _Wanted(job, caller, uri, width, height, 1, width * height, mode, -1, "")

        def make() -> MaskPixels:
            found = self._make(wanted)
            try:
                check_shape(found.original_size, image.original_size)
            except BadImage as error:
                raise BadImage(f"'{shown(uri)}': {error}", remedy=error.remedy) from error
            return MaskPixels(grey(found.pixels, feather_pixels), found.sha256)

        return self._masks.get((wanted, image.original_size, feather_pixels), make)

    def text_bytes(self, uri: str, *, caller: str, size: int = -1, etag: str = "") -> bytes:
        """The bytes of a table of images, by the same rules and the same bound as an image's."""
        return self._fetcher.fetch(uri, caller=caller, size=size, etag=etag)

    def stat(self, uri: str, *, caller: str) -> Stat | None:
        """What lies at `uri` by size and etag; see `Fetcher.stat`."""
        return self._fetcher.stat(uri, caller=caller)

    def check(self, place: Uri, *, caller: str) -> None:
        """Refuse a place that `caller` may not have read or listed.

        Raises:
            ForbiddenUri: it is not allowed here; the message says why.

        """
        self._fetcher.check(place, caller=caller)

    def _make(self, wanted: _Wanted) -> InitPixels:
        with staged("fetch"):
            data = self._fetcher.fetch(wanted.uri, caller=wanted.caller, size=wanted.size, etag=wanted.etag)
        try:
            picture = booths().decode(data, max_pixels=self._max_pixels)
        except BadImage as error:
            raise BadImage(f"'{shown(wanted.uri)}': {error}", remedy=error.remedy) from error
        pixels = fit(
            picture.pixels,
            width=wanted.width,
            height=wanted.height,
            multiple=wanted.multiple,
            max_pixels=wanted.max_pixels,
            mode=wanted.mode,
        )
        original = (picture.pixels.shape[1], picture.pixels.shape[0])
        return InitPixels(pixels, hashlib.sha256(data).hexdigest(), original)
