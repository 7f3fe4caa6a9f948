"""A finished job's pictures for its contact sheet: read back from storage, a few at a time, in the sweep's order."""

from collections import deque
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TYPE_CHECKING

import structlog

from jobs.errors import PentimentoError
from jobs.keys import picture_uri
from jobs.ledger.views import JobView
from jobs.variant import Variant
from worker.backends import Pixels
from worker.booth.decode import decode
from worker.output.sheet import MAX_CELLS, Cell, contact_sheet
from worker.results.stored import MAX_BYTES

if TYPE_CHECKING:
    from worker.results.manifests import Plan
    from worker.workshop import Workshop

_log = structlog.get_logger(__name__)

AHEAD = 4


def draw_sheet(view: JobView, plan: "Plan", shop: "Workshop", *, linked: Mapping[int, str]) -> bytes:
    """The job's contact sheet as PNG bytes; a picture or init image that can't be read leaves its place blank.

    linked: by index, where a picture lies that is another job's.
    """
    shown = list(islice(plan.sweep, MAX_CELLS))
    inits = {variant.image.name: variant for variant in shown}
    found = {name: pixels for name, variant in inits.items() if (pixels := _init(view, variant, shop)) is not None}
    causes = {refusal.index: refusal.code for refusal in shop.book.refusals(view.id, limit=1000)}
    uris = {v.index: linked.get(v.index) or picture_uri(view.results_uri, plan.spec, v) for v in shown}
    with ThreadPoolExecutor(AHEAD, thread_name_prefix="sheet") as pool:
        cells = _cells(uris, shown, causes, shop, pool)
        return contact_sheet(cells, inits=found, title=view.name or view.id, total=view.count)


def _cells(
    uris: Mapping[int, str],
    shown: list[Variant],
    causes: dict[int, str],
    shop: "Workshop",
    pool: ThreadPoolExecutor,
) -> Iterator[Cell]:
    waiting: deque[tuple[Variant, Future[Pixels | None]]] = deque()
    for variant in shown:
        waiting.append((variant, pool.submit(_picture, uris[variant.index], shop)))
        if len(waiting) > AHEAD:
            yield _cell(*waiting.popleft(), causes)
    while waiting:
        yield _cell(*waiting.popleft(), causes)


def _cell(variant: Variant, pixels: Future[Pixels | None], causes: dict[int, str]) -> Cell:
    note = causes.get(variant.index, "").replace("_", " ")
    return Cell(variant.image.name, variant.coordinates, pixels.result(), note)


def _picture(uri: str, shop: "Workshop") -> Pixels | None:
    try:
        return decode(shop.storage.read(uri, limit=MAX_BYTES), max_pixels=shop.settings.max_image_pixels).pixels
    except PentimentoError:
        return None


def _init(view: JobView, variant: Variant, shop: "Workshop") -> Pixels | None:
    try:
        model = shop.table.resolve(variant.parameters.model)
        return shop.intake.image_of(variant, model, caller=view.caller, job=view.id).pixels
    except PentimentoError as error:
        _log.info("an init image is missing on the sheet", job=view.id, image=variant.image.name, error=str(error))
        return None
