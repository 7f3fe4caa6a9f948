"""A batch rests when its last row has left, is found by the next of its shape, and gives way where memory is short."""

import gc
import weakref
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from jobs.models import ModelTable
from jobs.settings import Settings
from tests.engine.orders import Over, order, outcomes, picture, pictures
from worker.backends import Refused, Rendered
from worker.backends.local import LocalBackend
from worker.engine.batch import Batch
from worker.engine.graphs import Graphs
from worker.engine.model import LoadedModel

TABLE = '[models.tiny]\nsource = "generated:tiny"\nrevision = "1"\nmultiple = 8\nrows = { default = [4, 2] }\n'


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[weakref.ref[Batch]]:
    """Every batch that is made from now on."""
    found: list[weakref.ref[Batch]] = []
    begin = Batch.__init__

    def noted(batch: Batch, *rest: object, **more: object) -> None:
        found.append(weakref.ref(batch))
        begin(batch, *rest, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(Batch, "__init__", noted)
    return found


def short_while_there(batch: weakref.ref[Batch], act: Callable[..., object]) -> Callable[..., object]:
    """`act` on a device whose memory is too short for it as long as that batch has its own."""

    def short(*given: object) -> object:
        gc.collect()
        if batch() is not None:
            raise torch.OutOfMemoryError("tried to allocate")
        return act(*given)

    return short


def test_who_comes_later_sits_where_others_sat_and_is_painted_the_same(
    over: Over, made: list[weakref.ref[Batch]]
) -> None:
    together = pictures(outcomes(over(TABLE), [order(n, seed=n, cfg_scale=1 + n) for n in range(4)]))
    later = over(TABLE)
    made.clear()

    alone = [pictures(outcomes(later, [order(n, seed=n, cfg_scale=1 + n)])) for n in (3, 0, 2, 1)]

    assert {n: found for each in alone for n, found in each.items()} == together
    assert len(made) == 1


def test_what_attention_makes_of_a_text_is_computed_once_for_all_rows_of_a_batch(over: Over) -> None:
    backend, computed = over(TABLE), 0
    outcomes(backend, [order(steps=2)])  # the model is there now

    def count(*_: object) -> None:
        nonlocal computed
        computed += 1

    layer = backend._open().shelf.get(backend._table.resolve("tiny")).model.attention.layers[0].to_k  # type: ignore[union-attr]
    with layer.register_forward_hook(count):
        said = [order(n, seed=n, pixels=picture(72)) for n in range(8)]
        found = pictures(outcomes(backend, said[:5])) | pictures(outcomes(backend, said[5:]))

    assert computed == 2  # the prompt, and the empty one that it is guided away from
    assert {n: each for one in said for n, each in pictures(outcomes(over(TABLE), [one])).items()} == found


def test_no_more_than_a_few_batches_rest(over: Over, made: list[weakref.ref[Batch]]) -> None:
    backend = over(TABLE)
    for side in (64, 72, 80, 88, 96, 104):
        outcomes(backend, [order(pixels=picture(side))])

    gc.collect()

    assert len(made) == 6
    assert sum(batch() is not None for batch in made) == 4


def test_a_model_that_is_put_away_takes_its_batches_along(
    cache_dir: Path, tmp_path: Path, made: list[weakref.ref[Batch]]
) -> None:
    table = tmp_path / "models.toml"
    table.write_text(TABLE + TABLE.replace("models.tiny", "models.other"))
    backend = LocalBackend(ModelTable.load(table), Settings(cache_dir=cache_dir, device="cpu", model_bytes=1))
    try:
        outcomes(backend, [order(model="tiny")])
        outcomes(backend, [order(model="other")])
        gc.collect()

        assert [batch() is not None for batch in made] == [False, True]
    finally:
        backend.close()


def test_where_memory_is_short_what_rests_goes_before_a_rung_is_taken(
    over: Over, made: list[weakref.ref[Batch]], monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = over(TABLE)
    outcomes(backend, [order(pixels=picture(72))])
    monkeypatch.setattr(LoadedModel, "denoise", short_while_there(made[0], LoadedModel.denoise))
    (found,) = outcomes(backend, [order()])

    assert isinstance(found, Rendered)
    assert found.rung is None


def test_a_row_that_cannot_be_launched_for_what_rests_is_launched_again(
    over: Over, made: list[weakref.ref[Batch]], monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = over(TABLE)
    outcomes(backend, [order(pixels=picture(72))])
    monkeypatch.setattr(LoadedModel, "encode_image", short_while_there(made[0], LoadedModel.encode_image))
    found = outcomes(backend, [order(n, pixels=picture(turn=n)) for n in range(3)])

    assert [type(one) for one in found] == [Rendered] * 3, [one.error for one in found if isinstance(one, Refused)]


def test_a_graph_is_captured_once_and_again_only_when_weights_went(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is no GPU a graph is stood in for by the step itself."""
    forgotten, captures = [0], []

    class Replay:
        def replay(self) -> None:
            """Nothing to do: the step has run."""

    def captured(graph: object, latents: torch.Tensor, times: torch.Tensor) -> Replay:
        captures.append(forgotten[0])
        graph._latents, graph._times = latents.clone(), times.clone()  # type: ignore[attr-defined]
        return Replay()

    graphs = Graphs(lambda: forgotten[0])
    step = graphs.of(lambda latents, _: latents)
    monkeypatch.setattr(type(step), "_captured", captured)
    for count in (0, 0, 3, 3):
        forgotten[0] = count
        step(torch.zeros(2, 4), torch.zeros(2))

    assert captures == [0, 3]
