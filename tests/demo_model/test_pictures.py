"""The shipped weights paint what they are asked for, in the worker's own engine."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from jobs.models import ModelTable
from jobs.settings import Settings
from jobs.variant import WeightedPrompt
from tests.engine.orders import order, outcomes
from worker.backends import Order, Pixels, Rendered
from worker.backends.local import LocalBackend
from worker.demo_model.evaluate import CFG_SCALE, trials
from worker.demo_model.grammar import MEDIA, Wish, plain_caption
from worker.demo_model.judge import Judge, likeness
from worker.demo_model.painting import paint

SEEDS = (3, 11)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalBackend]:
    """The model table's `demo` on one thread."""
    backend = LocalBackend(
        ModelTable.load(), Settings(cache_dir=tmp_path_factory.mktemp("cache"), device="cpu", threads=1)
    )
    yield backend
    backend.close()


def asked(index: int, init: Pixels, wish: Wish, strength: float, mask: Pixels | None = None) -> Order:
    """To repaint a picture by a wish."""
    return order(
        index,
        model="demo",
        prompts=(WeightedPrompt(plain_caption(wish)),),
        pixels=init,
        strength=strength,
        steps=10,
        cfg_scale=CFG_SCALE,
        mask=mask,
    )


def made(engine: LocalBackend, orders: Sequence[Order]) -> list[Pixels]:
    """What became of them, in their order."""
    found = outcomes(engine, orders)
    assert all(isinstance(outcome, Rendered) for outcome in found), found
    rendered = [outcome for outcome in found if isinstance(outcome, Rendered)]
    return [outcome.pixels for outcome in sorted(rendered, key=lambda outcome: outcome.order.variant.index)]


def test_every_medium_that_the_card_offers_looks_like_itself(engine: LocalBackend) -> None:
    judge = Judge.taught(16)
    wishes = [
        (trial.init, replace(trial.wish, medium=medium))
        for medium in MEDIA
        for trial in trials(12, scene_kept=True)
        if trial.seed in SEEDS
    ]

    pictures = made(engine, [asked(place, init, wish, 0.6) for place, (init, wish) in enumerate(wishes)])

    recognised = [judge.medium(picture) == wish.medium for picture, (_, wish) in zip(pictures, wishes, strict=True)]
    assert sum(recognised) >= len(wishes) - 1


def test_the_stronger_the_less_is_left_of_the_init_image(engine: LocalBackend) -> None:
    shown = Wish("lighthouse", "red", "day", "plain")
    init = paint(shown, 5).pixels
    strengths = (0.2, 0.6, 1.0)

    pictures = made(
        engine,
        [
            asked(3 * place + turn, init, replace(shown, scene=scene), strength)
            for place, strength in enumerate(strengths)
            for turn, scene in enumerate(("house", "car", "flower"))
        ],
    )

    alike = [np.mean([likeness(p, init) for p in pictures[3 * place :][:3]]) for place in range(len(strengths))]
    assert all(weaker > stronger for weaker, stronger in pairwise(alike))
    assert alike[0] > 0.8


def test_what_a_mask_keeps_is_kept_to_the_bit_and_the_rest_is_repainted(engine: LocalBackend) -> None:
    shown = Wish("house", "yellow", "day", "plain")
    init = paint(shown, 8).pixels
    mask: Pixels = np.full((128, 128), 255, np.uint8)
    mask[:, 64:] = 0

    (picture,) = made(engine, [asked(0, init, replace(shown, light="night", medium="blueprint"), 0.8, mask)])

    assert np.array_equal(picture[:, :64], init[:, :64])
    assert np.abs(picture[:, 64:].astype(int) - init[:, 64:]).mean() > 20


def test_the_shipped_folder_is_small_and_says_what_it_is() -> None:
    table = ModelTable.load()
    shipped = table.path.parent / table.models["demo"].folder

    files = [file for file in shipped.rglob("*") if file.is_file()]

    assert sum(file.stat().st_size for file in files) <= 12e6
    assert "Licence" in (shipped / "README.md").read_text("utf-8")
