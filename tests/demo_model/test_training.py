"""Training can be stopped anywhere and gone on with, and what it writes is a model that diffusers reads."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers import StableDiffusionImg2ImgPipeline

from worker.demo_model.album import PER_GROUP, open_album, wishes
from worker.demo_model.latents import Lessons, folded
from worker.demo_model.networks import LATENTS, autoencoder, noise_scheduler
from worker.demo_model.pace import Pace, Setting
from worker.demo_model.train_unet import Draw
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


def test_an_album_holds_each_composition_in_every_medium(tmp_path: Path) -> None:
    album = open_album(tmp_path, GROUPS, lambda _: None)

    again = open_album(tmp_path, GROUPS, pytest.fail)

    assert album.pixels.shape == (GROUPS * PER_GROUP, 128, 128, 3)
    assert all(len({wish.scene for wish in wishes(group)}) == 1 for group in range(GROUPS))
    assert album.subjects.reshape(GROUPS * PER_GROUP, -1).max(1).min() > 200
    assert np.array_equal(album.pixels, again.pixels)


def test_a_stopped_training_goes_on_from_its_last_checkpoint(trained: tuple[Plan, list[str]]) -> None:
    plan, said = trained

    kept = torch.load(plan.out / "unet.pt", weights_only=True)

    resumed = [text for text in said if "goes on" in text]
    assert len(resumed) == 1
    assert resumed[0].startswith("unet goes on from step ")
    assert kept["step"] > int(resumed[0].split()[5].rstrip(","))
    assert kept["spent"] >= plan.minutes * 60 * 0.6
    assert len(kept["curve"]) >= 2


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


def test_folding_changes_the_latents_and_no_picture() -> None:
    torch.manual_seed(3)
    vae = autoencoder().eval()
    picture = torch.rand(2, 3, 64, 64) * 2 - 1
    with torch.no_grad():
        before = vae.encode(picture).latent_dist.mean
        shown = vae.decode(before).sample
        mean, deviation = before.mean((0, 2, 3)), before.std((0, 2, 3))

        after = folded(vae, mean, deviation).encode(picture).latent_dist.mean * vae.config.scaling_factor
        shown_after = vae.decode(after / vae.config.scaling_factor).sample

    assert after.mean((0, 2, 3)).abs().max() < 1e-4
    assert (after.std((0, 2, 3)) - 1).abs().max() < 1e-3
    assert (shown - shown_after).abs().max() < 1e-3


def test_a_lesson_asks_for_the_wanted_picture_whatever_it_was_mixed_with() -> None:
    groups, scheduler = 8, noise_scheduler()
    latents = torch.randn(groups * PER_GROUP, LATENTS, 16, 16).half()
    lessons = Lessons(
        latents,
        torch.ones(groups * PER_GROUP, 3, 40, dtype=torch.int16),
        torch.zeros(groups * PER_GROUP, 16, 16, dtype=torch.uint8),
        torch.zeros(40, dtype=torch.int16),
    )
    draw = Draw(lessons, Setting(torch.device("cpu"), 64, lambda _: None))

    sample, same = draw(5), draw(5)

    kept = scheduler.alphas_cumprod[sample.times][:, None, None, None]
    wanted = kept.sqrt() * sample.noised - (1 - kept).sqrt() * sample.wanted
    late = sample.times > 20  # earlier than that the ratio is bounded
    nearest = torch.cdist(wanted[late].flatten(1), latents.float().flatten(1)).min(1).values
    assert nearest.max() < 0.1
    assert 0 < sample.bridged.sum() < len(sample.bridged)
    assert torch.equal(sample.noised, same.noised)


def test_the_learning_rate_warms_up_and_ends_low(tmp_path: Path) -> None:
    pace = Pace("stage", 1000.0, 1e-3, tmp_path / "stage.pt", lambda _: None, _Clock())

    first = pace.rate
    pace.step = 200
    warm = pace.rate
    pace.save({})
    late = Pace("stage", 1e-9, 1e-3, tmp_path / "stage.pt", lambda _: None, _Clock())
    late.resumed(torch.device("cpu"))

    assert first < 2e-5
    assert warm == pytest.approx(1e-3, rel=0.01)
    assert late.over
    assert late.rate == pytest.approx(1e-5)
