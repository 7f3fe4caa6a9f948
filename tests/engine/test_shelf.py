"""Models come and go by memory, and rows in flight keep theirs."""

import gc
import threading
import weakref
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from jobs.models import ModelTable
from jobs.settings import Settings
from tests.engine.orders import order, outcomes, pictures
from worker.backends import Order, Rendered
from worker.backends.local import LocalBackend

ENTRY = '[models.{alias}]\nsource = "generated:tiny"\nrevision = "1"\nmultiple = 8\nrows = {{ default = 4 }}\n'


def backend(folder: Path, cache_dir: Path, *, model_bytes: int) -> LocalBackend:
    """A backend with three models of equal size."""
    table = folder / "models.toml"
    table.write_text("".join(ENTRY.format(alias=alias) for alias in ("a", "b", "c")))
    settings = Settings(cache_dir=cache_dir, device="cpu", threads=1, model_bytes=model_bytes)
    return LocalBackend(ModelTable.load(table), settings)


def loaded(found: LocalBackend) -> list[str]:
    return list(found._open().shelf._loaded)


def test_the_model_that_was_used_longest_ago_goes_when_memory_is_short(cache_dir: Path, tmp_path: Path) -> None:
    engine = backend(tmp_path, cache_dir, model_bytes=1)
    try:
        outcomes(engine, [order(0, model="a", steps=2)])
        shelf = engine._open().shelf
        one = shelf._loaded["a"].weight_bytes
        shelf._max_bytes = 2 * one + 1
        for alias in ("b", "a", "c"):
            outcomes(engine, [order(0, model=alias, steps=2)])

        assert one > 10_000
        assert loaded(engine) == ["a", "c"]
    finally:
        engine.close()


def test_a_model_that_is_put_away_is_freed_and_its_rows_end_well(cache_dir: Path, tmp_path: Path) -> None:
    engine = backend(tmp_path, cache_dir, model_bytes=1)
    expected = pictures(outcomes(engine, [order(0, model="a", steps=20)]))
    kept = weakref.ref(engine._open().shelf._loaded["a"].model)
    entered, go_on = threading.Event(), threading.Event()

    def two() -> Iterator[Order]:
        yield order(0, model="a", steps=20)
        yield order(1, model="b", steps=2)

    def moved(_: int) -> None:
        entered.set()
        go_on.wait(20)

    def open_when_entered() -> None:
        entered.wait(20)
        go_on.set()

    try:
        found = engine.render(two(), stop=threading.Event(), on_step=moved)
        threading.Thread(target=open_when_entered).start()
        both = [outcome for outcome in islice(found, 2) if isinstance(outcome, Rendered)]
        list(found)
        outcomes(engine, [order(2, model="b", steps=2)])

        shown = {outcome.order.variant.index: outcome.pixels.tobytes() for outcome in both}
        assert shown[0] == expected[0]
        assert loaded(engine) == ["b"]
        gc.collect()
        assert kept() is None
    finally:
        engine.close()
