"""Training can be stopped anywhere and gone on with, and what it writes is a model that diffusers reads."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers import StableDiffusionImg2ImgPipeline

from worker.demo_model.album import PAINTED, Album, open_album, wishes
from worker.demo_model.checkpoint import Progress, memory, named, part_of, read, remember, write
from worker.demo_model.drawing import Draw
from worker.demo_model.latents import SHAPES
from worker.demo_model.lessons import SAYINGS, Lessons, lessons
from worker.demo_model.networks import TOKENS, noise_scheduler
from worker.demo_model.pace import Pace, Setting
from worker.demo_model.pipeline import tokenizer
from worker.demo_model.train_vae import Pairs, _contrast
from worker.demo_model.training import Plan, export, train

GROUPS = 20


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


class _Clock:
    """A second passes whenever somebody looks."""

    def __init__(self) -> None:
        self._now = 0.0

    def __call__(self) -> float:
        self._now += 1
        return self._now


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Plan, list[str]]:
    """A few steps of every stage, then a few more of the UNet's."""
    said: list[str] = []
    plan = Plan(tmp_path_factory.mktemp("training"), 1.0, torch.device("cpu"), GROUPS, 1, said.append, _Clock())
    train(plan)
    longer = replace(plan, minutes=1.5)
    train(longer, ("unet",))
    return longer, said


def test_an_album_holds_each_composition_as_a_cartoon_and_painted(tmp_path: Path) -> None:
    album = open_album(tmp_path, GROUPS, lambda _: None)

    again = open_album(tmp_path, GROUPS, pytest.fail)

    assert album.pixels.shape == (GROUPS * PAINTED, 128, 128, 3)
    assert album.cartoons.shape == (GROUPS, SHAPES, 16, 16)
    assert all(len({wish.scene for wish in wishes(group)}) == 1 for group in range(GROUPS))
    assert album.subjects.reshape(GROUPS, -1).max(1).min() > 200
    assert np.array_equal(album.pixels, again.pixels)


def test_a_stopped_training_goes_on_from_its_last_checkpoint(trained: tuple[Plan, list[str]]) -> None:
    plan, said = trained

    progress, tensors = read(plan.checkpoint("unet"), torch.device("cpu"))

    resumed = [text for text in said if "goes on" in text]
    assert len(resumed) == 1
    assert resumed[0].startswith("unet goes on from step ")
    assert progress.step > int(resumed[0].split()[5].rstrip(","))
    assert progress.spent >= plan.minutes * 60 * 0.6
    assert len(progress.curve) >= 2
    assert {name.partition(".")[0] for name in tensors} == {"unet", "text", "average", "optimizer"}


def test_after_a_checkpoint_the_next_step_is_what_it_would_have_been(tmp_path: Path) -> None:
    def fresh() -> tuple[torch.nn.Module, torch.optim.Optimizer]:
        torch.manual_seed(2)
        layer = torch.nn.Conv2d(3, 4, 3)
        layer.weight.data = layer.weight.data.contiguous(memory_format=torch.channels_last)  # as the autoencoder's lie
        return layer, torch.optim.AdamW(layer.parameters(), 0.1, fused=True)

    def step(layer: torch.nn.Module, optimizer: torch.optim.Optimizer) -> None:
        optimizer.zero_grad()
        torch.autograd.backward(layer(torch.linspace(-1, 1, 300).reshape(1, 3, 10, 10)).square().mean())
        optimizer.step()

    straight, memories = fresh()
    for _ in range(3):
        step(straight, memories)
    place, progress = tmp_path / "stage.safetensors", Progress(3, 1.5, [(2, 1.0, {"l1": 0.25})])
    write(place, progress, named("layer", straight.state_dict()) | named("optimizer", memory(memories)))

    stopped, fresh_memories = fresh()
    found, tensors = read(place, torch.device("cpu"))
    stopped.load_state_dict(part_of(tensors, "layer"))
    remember(fresh_memories, part_of(tensors, "optimizer"))
    step(straight, memories)
    step(stopped, fresh_memories)

    assert found == progress
    assert all(torch.equal(a, b) for a, b in zip(straight.parameters(), stopped.parameters(), strict=True))


def test_what_is_written_is_read_by_diffusers(trained: tuple[Plan, list[str]], tmp_path: Path) -> None:
    plan, _ = trained

    size = export(plan, tmp_path / "model")
    pipeline = StableDiffusionImg2ImgPipeline.from_pretrained(
        tmp_path / "model", safety_checker=None, requires_safety_checker=False, dtype=torch.float32
    )
    pipeline.set_progress_bar_config(disable=True)
    made = pipeline("a red car", image=np.zeros((1, 128, 128, 3), np.float32), num_inference_steps=4).images[0]

    assert size <= 12e6
    assert made.size == (128, 128)


def test_a_painting_is_paired_with_the_latents_of_its_own_composition(tmp_path: Path) -> None:
    album = open_album(tmp_path, GROUPS, lambda _: None)
    pairs = Pairs(album, Setting(torch.device("cpu"), 6, lambda _: None))

    pictures, latents = pairs(np.random.default_rng(3), 6)

    shown = np.round((pictures.permute(0, 2, 3, 1).numpy() + 1) * 127.5).astype(np.uint8)
    places = [int(np.abs(album.pixels.astype(int) - picture).sum((1, 2, 3)).argmin()) for picture in shown]
    assert np.array_equal(latents[:, :SHAPES].numpy(), album.cartoons[np.array(places) // PAINTED].astype(np.float32))


def test_a_faint_line_costs_contrast_and_one_a_pixel_beside_it_costs_none() -> None:
    def line(column: int, strength: float) -> torch.Tensor:
        picture = torch.zeros(1, 3, 8, 8)
        picture[..., column] = strength
        return picture

    faint, beside = _contrast(line(1, 0.4), line(1, 1.0)), _contrast(line(2, 1.0), line(1, 1.0))

    assert faint > 0.1
    assert beside == 0


@pytest.fixture
def few() -> Lessons:
    """Sixteen compositions of random latents; a caption's tokens are the four choices that it says."""
    said = torch.cartesian_prod(*(torch.arange(len(choices)) for choices in SAYINGS)).to(torch.int16)
    shape = tuple(len(choices) for choices in SAYINGS)
    return Lessons(
        torch.randn(16, SHAPES, 16, 16, generator=torch.Generator().manual_seed(1)),
        torch.zeros(16, 16, 16),
        torch.nn.functional.pad(said, (0, TOKENS - 4)).reshape(*shape, 1, TOKENS),
        torch.full((TOKENS,), 99, dtype=torch.int16),
    )


def test_an_exercise_asks_for_the_picture_that_its_caption_says_whatever_it_holds(few: Lessons) -> None:
    draw = Draw(few, Setting(torch.device("cpu"), 64, lambda _: None))

    sample, same = draw(5), draw(5)

    kept = noise_scheduler().alphas_cumprod[sample.times][:, None, None, None]
    wanted = kept.sqrt() * sample.noised - (1 - kept).sqrt() * sample.wanted
    clear = (sample.times > 20) & (sample.tokens[:, 0] < 99)  # earlier than that the ratio is bounded
    drawn = torch.cdist(wanted[clear, :SHAPES].flatten(1), few.cartoons.flatten(1)).argmin(1)
    media = wanted[clear, SHAPES : SHAPES + 6].mean((2, 3)).argmax(1)
    told = sample.tokens[clear, 3] < 6
    assert torch.equal(drawn % 8, sample.tokens[clear, 0])
    assert torch.equal(media[told], sample.tokens[clear, 3][told])
    assert 0 < sample.bridged.sum() < len(sample.bridged)
    assert torch.equal(sample.noised, same.noised)


def test_an_album_is_read_as_lessons_with_a_caption_for_every_wish() -> None:
    empty = np.zeros((16, SHAPES, 16, 16), np.float16)
    album = Album(np.zeros((0, 128, 128, 3), np.uint8), empty, np.zeros((16, 16, 16), np.uint8))
    words = tokenizer()

    found = lessons(words, album, torch.device("cpu"))

    said = words.decode(found.tokens[0, 0, 1, 3, 0].long(), skip_special_tokens=True)
    assert "rocket" in said
    assert "red" in said
    assert "night" in said
    assert "blueprint" in said


def test_the_learning_rate_warms_up_and_ends_low(tmp_path: Path) -> None:
    pace = Pace("stage", 1000.0, 1e-3, tmp_path / "stage.safetensors", lambda _: None, _Clock())

    first = pace.rate
    pace.step = 200
    warm = pace.rate
    pace.save({})
    late = Pace("stage", 1e-9, 1e-3, tmp_path / "stage.safetensors", lambda _: None, _Clock())
    late.resumed(torch.device("cpu"))

    assert first < 2e-5
    assert warm == pytest.approx(1e-3, rel=0.01)
    assert late.over
    assert late.rate == pytest.approx(1e-5)
