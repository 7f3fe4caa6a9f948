"""Where memory is short the engine takes the next pinned rung, says so, and refuses only what can't fit alone."""

import pytest
import torch

from jobs.errors import OutOfMemory
from jobs.models import ModelTable
from jobs.variant import stepped_down
from tests.engine.orders import Over, order, outcomes, picture, pictures
from worker.backends import Order, Pixels, Refused, Rendered, Rung
from worker.backends.local import LocalBackend
from worker.engine.model import LoadedModel

TABLE = (
    '[models.{alias}]\nsource = "generated:tiny"\nrevision = "1"\nmultiple = 8\n'
    "rows = {{ default = {rows} }}\ndecode_rows = {{ default = {decode_rows} }}\n"
)


@pytest.fixture(scope="module")
def ladders(over: Over) -> LocalBackend:
    """The small model with a ladder, and again with each of its rungs pinned."""
    entries = [("wide", "[8, 4, 2]", "[4, 1]"), ("four", "4", "4"), ("two", "2", "4"), ("single", "8", "1")]
    return over("".join(TABLE.format(alias=a, rows=rows, decode_rows=decode) for a, rows, decode in entries))


def orders(model: str) -> list[Order]:
    """More than a batch, of which no two are alike, some drawing noise in mid-flight."""
    names = ("ddim", "euler_ancestral", "heun")
    return [
        order(n, sampler=names[n % 3], steps=4 + n % 3, cfg_scale=n % 4, seed=n, model=model, strength=1)
        for n in range(9)
    ]


def short_of_memory(monkeypatch: pytest.MonkeyPatch, *, rows: int, pixels: int = 10**9, after: int = 0) -> None:
    """A device on which the UNet computes at most so many rows and latent pixels; it is roomy for `after` calls."""
    denoise, calls = LoadedModel.denoise, iter(range(10**9))

    def counted(model: LoadedModel, latents: torch.Tensor, *rest: object) -> torch.Tensor:
        if next(calls) >= after and (latents.shape[0] > rows or latents[0, 0].numel() > pixels):
            raise torch.OutOfMemoryError("tried to allocate")
        return denoise(model, latents, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(LoadedModel, "denoise", counted)


@pytest.mark.parametrize(("fits", "pinned"), [(5, "four"), (2, "two")])
def test_a_step_down_gives_the_bytes_of_the_rung_and_says_so(
    fits: int, pinned: str, ladders: LocalBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = pictures(outcomes(ladders, orders(pinned)))

    short_of_memory(monkeypatch, rows=fits, after=3)
    found = [outcome for outcome in outcomes(ladders, orders("wide")) if isinstance(outcome, Rendered)]

    # With room for the first three calls some of the rows were under way, and began anew.
    assert pictures(found) == expected
    rows = ladders._table.resolve(pinned).rows_for(64, 64)
    for outcome in found:
        before = next(each for each in orders("wide") if each.variant.index == outcome.order.variant.index)
        assert outcome.rung == Rung(rows, 4)
        assert outcome.order.fingerprint == stepped_down(before.fingerprint, rows=rows, decode_rows=4)


def test_with_memory_again_the_pinned_rows_are_used_again(
    ladders: LocalBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as short:
        short_of_memory(short, rows=2)
        outcomes(ladders, orders("wide"))

    (found,) = outcomes(ladders, [order(model="wide")])

    assert isinstance(found, Rendered)
    assert found.rung is None
    assert found.order.fingerprint == order(model="wide").fingerprint


def test_only_the_row_that_cannot_fit_alone_is_refused(ladders: LocalBackend, monkeypatch: pytest.MonkeyPatch) -> None:
    short_of_memory(monkeypatch, rows=100, pixels=16 * 16)
    large: list[Pixels] = [picture(128), picture(72)]

    found = outcomes(ladders, [*orders("wide"), *(order(50 + n, model="wide", pixels=p) for n, p in enumerate(large))])

    refused = {outcome.variant.index: outcome.error for outcome in found if isinstance(outcome, Refused)}
    assert sorted(refused) == [50, 51]
    assert all(isinstance(error, OutOfMemory) and error.remedy for error in refused.values())
    assert len(found) == len(orders("wide")) + 2


def test_decoding_steps_down_by_itself(ladders: LocalBackend, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = pictures(outcomes(ladders, orders("single")))
    decode = LoadedModel.decode

    def narrow(model: LoadedModel, latents: list[torch.Tensor], rows: int) -> object:
        if rows > 2:
            raise torch.OutOfMemoryError("tried to allocate")
        return decode(model, latents, rows)

    monkeypatch.setattr(LoadedModel, "decode", narrow)
    found = outcomes(ladders, orders("wide"))

    assert pictures(found) == expected
    assert {outcome.rung for outcome in found if isinstance(outcome, Rendered)} == {Rung(8, 1)}


def test_a_single_count_is_a_ladder_of_its_halves() -> None:
    model = ModelTable.load().resolve("sd15")

    assert model.row_ladder(512, 512) == (16, 8, 4, 2)
    assert model.decode_ladder(512, 512) == (1,)
