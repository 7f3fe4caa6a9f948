"""What goes wrong stays with whom it belongs to, and the device's thread lives on."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from threading import Event

import numpy as np
import pytest
import torch

from jobs.errors import BadLatents, ModelUnavailable, OutOfMemory, PentimentoError
from jobs.models import ModelTable
from jobs.settings import Settings
from jobs.variant import WeightedPrompt
from tests.engine.orders import order, outcomes, picture, pictures
from worker.backends import Order, Outcome, Refused, Rendered
from worker.backends.local import LocalBackend
from worker.engine import faults
from worker.engine.batch import Batch
from worker.engine.launch import Launcher
from worker.engine.model import LoadedModel
from worker.engine.shelf import Shelf
from worker.engine.weights import generated_folder

ENTRY = (
    '[models.{alias}]\nsource = "{source}"\nrevision = "1"\nmultiple = 8\nmax_pixels = 16384\nwidth = 64\nheight = 64\n'
)


@pytest.fixture
def folders(cache_dir: Path, tmp_path: Path) -> Iterator[LocalBackend]:
    """A backend over copies of the small model, each broken in its own way, and one that is sound."""
    sound = generated_folder("tiny", "1", cache_dir)
    for name in ("sound", "truncated", "pickled", "halved", "text"):
        shutil.copytree(sound, tmp_path / name)
    unet = Path("unet/diffusion_pytorch_model.safetensors")
    whole = (tmp_path / "truncated" / unet).read_bytes()
    (tmp_path / "truncated" / unet).write_bytes(whole[: len(whole) // 2])
    (tmp_path / "pickled" / unet).unlink()
    torch.save({}, tmp_path / "pickled" / "unet" / "diffusion_pytorch_model.bin")
    shutil.rmtree(tmp_path / "halved" / "vae")
    (tmp_path / "text" / "model_index.json").write_text("no json")
    names = ("sound", "truncated", "pickled", "halved", "text", "absent")
    table = tmp_path / "models.toml"
    table.write_text("".join(ENTRY.format(alias=name, source=f"./{name}") for name in names))
    backend = LocalBackend(ModelTable.load(table), Settings(cache_dir=tmp_path, device="cpu", threads=1))
    yield backend
    backend.close()


def refusal(found: list[Outcome]) -> PentimentoError:
    """The error of the only outcome, which must be a refusal."""
    (outcome,) = found
    assert isinstance(outcome, Refused), outcome
    return outcome.error


@pytest.mark.parametrize("name", ["truncated", "pickled", "halved", "text", "absent"])
def test_weights_that_cannot_be_read_are_named_and_the_engine_lives_on(name: str, folders: LocalBackend) -> None:
    error = refusal(outcomes(folders, [order(model=name)]))
    after = outcomes(folders, [order(model="sound", steps=2)])

    assert isinstance(error, ModelUnavailable)
    assert name in str(error)
    assert error.remedy
    assert isinstance(after[0], Rendered)


def test_a_pickle_is_never_opened(folders: LocalBackend, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[object] = []
    monkeypatch.setattr(torch, "load", lambda *args, **_: opened.append(args))

    error = refusal(outcomes(folders, [order(model="pickled")]))

    assert isinstance(error, ModelUnavailable)
    assert not opened


def test_a_failed_load_is_remembered_for_a_moment_and_then_tried_again() -> None:
    now = [0.0]
    tries: list[str] = []

    def load(model: object) -> Launcher:
        tries.append(str(model))
        raise ModelUnavailable("not here")

    shelf = Shelf(load, max_bytes=1, clock=lambda: now[0])
    model = ModelTable.load().resolve("tiny")
    for moment in (0.0, 1.0, 4.9, 5.1):
        now[0] = moment
        with pytest.raises(ModelUnavailable):
            shelf.get(model)

    assert len(tries) == 2


@pytest.mark.parametrize(
    ("wrong", "code", "word"),
    [
        (order(sampler="plms"), "invalid_spec", "plms"),
        (order(sampler="lcm", steps=60), "invalid_spec", "steps"),
        (order(steps=1001), "invalid_spec", "steps"),
        (order(pixels=np.zeros((0, 0, 3), np.uint8)), "bad_image", "0x0"),
        (order(clip_skip=2), "invalid_spec", "clip_skip"),
        (order(prompts=(WeightedPrompt("boat " * 1201),)), "too_large", "1201 tokens"),
        (order(model="tinny"), "unknown_model", "tiny"),
        (order(pixels=picture(60)), "bad_image", "60x60"),
        (order(pixels=picture(2048)), "bad_image", "2048x2048"),
    ],
    ids=["sampler", "steps", "too many steps", "nothing", "layers", "prompt", "model", "multiple", "pixels"],
)
def test_an_order_that_cannot_be_rendered_is_refused_by_name(
    wrong: Order, code: str, word: str, local: LocalBackend
) -> None:
    found = outcomes(local, [wrong, order(1, steps=2)])

    refused = [outcome for outcome in found if isinstance(outcome, Refused)]
    assert [outcome.error.code for outcome in refused] == [code]
    assert word in str(refused[0].error)
    assert len(found) == 2


def test_latents_that_are_not_finite_refuse_their_own_row_alone(
    local: LocalBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = pictures(outcomes(local, [order(1), order(2, seed=9)]))
    launch = Launcher.launch

    def poison_the_first(launcher: Launcher, wanted: Order) -> object:
        flight = launch(launcher, wanted)
        if wanted.variant.index == 0:
            flight.latents[0, 0, 0, 0] = float("nan")
        return flight

    monkeypatch.setattr(Launcher, "launch", poison_the_first)
    found = outcomes(local, [order(0), order(1), order(2, seed=9)])

    refused = [outcome for outcome in found if isinstance(outcome, Refused)]
    assert [type(outcome.error) for outcome in refused] == [BadLatents]
    assert pictures(outcome for outcome in found if outcome not in refused) == expected


@pytest.mark.parametrize(
    ("raised", "expected"),
    [(torch.OutOfMemoryError("tried to allocate"), OutOfMemory), (RuntimeError("a kernel failed"), PentimentoError)],
    ids=["memory", "anything"],
)
@pytest.mark.parametrize("place", ["launch", "predict", "decode"])
def test_a_fault_on_the_device_refuses_what_it_hit_and_no_more(
    place: str, raised: Exception, expected: type, local: LocalBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = {"launch": Launcher, "predict": Batch, "decode": LoadedModel}[place]

    def fail(*_: object) -> None:
        raise raised

    with monkeypatch.context() as broken:
        broken.setattr(owner, place, fail)
        error = refusal(outcomes(local, [order(0)]))
    after = outcomes(local, [order(0, steps=2)])

    assert type(error) is expected
    assert isinstance(after[0], Rendered)


def test_a_lost_device_ends_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    codes: list[int] = []

    def lost(_: object) -> None:
        raise RuntimeError("CUDA error: an illegal memory access was encountered")

    monkeypatch.setattr(torch.cuda, "synchronize", lost)
    faults.leave_if_lost(RuntimeError("illegal"), torch.device("cuda"), codes.append)
    faults.leave_if_lost(RuntimeError("any"), torch.device("cpu"), codes.append)

    assert codes == [70]


def test_closing_ends_open_calls_with_an_error(cache_dir: Path) -> None:
    backend = LocalBackend(ModelTable.load(), Settings(cache_dir=cache_dir, device="cpu", threads=1))

    def endless() -> Iterator[Order]:
        index = 0
        while True:
            yield order(index, steps=50, strength=1.0)
            index += 1

    found = backend.render(endless(), stop=Event(), on_step=lambda _: None)
    next(found)
    backend.close()

    with pytest.raises(PentimentoError, match="closed"):
        for _ in found:
            pass
