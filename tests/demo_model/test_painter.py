"""What the demo model is taught with: paintings that say what their captions say, the same from the same seed."""

import random

import numpy as np
import pytest

from worker.demo_model.grammar import COLOURS, LIGHTS, MEDIA, SCENES, Wish, caption, drawn_wish, vocabulary
from worker.demo_model.judge import Judge, colour_word
from worker.demo_model.latents import LATENTS, SHAPES, shapes, words
from worker.demo_model.networks import TOKENS
from worker.demo_model.painting import cartoon, paint
from worker.demo_model.pipeline import tokenizer


@pytest.fixture(scope="module")
def judge() -> Judge:
    return Judge.taught(40)


def test_the_same_wish_and_seed_give_the_same_bytes() -> None:
    wish = Wish("castle", "pink", "winter", "watercolour")

    assert np.array_equal(paint(wish, 7).pixels, paint(wish, 7).pixels)
    assert not np.array_equal(paint(wish, 7).pixels, paint(wish, 8).pixels)


@pytest.mark.parametrize("scene", SCENES)
def test_a_composition_stays_in_its_place_in_every_medium_and_light(scene: str) -> None:
    places = [paint(Wish(scene, "red", light, medium), 3).subject for light in LIGHTS for medium in MEDIA]

    shared = np.logical_and.reduce(places).sum() / np.logical_or.reduce(places).sum()

    assert shared > 0.8  # a colour like the backdrop's hides a little of it


@pytest.mark.parametrize("scene", SCENES)
def test_a_cartoon_has_everything_where_its_paintings_have_it(scene: str) -> None:
    drawn, painted = cartoon(scene, 4), paint(Wish(scene, "blue", "day", "plain"), 4)

    shared = np.logical_and(drawn.subject, painted.subject).sum() / painted.subject.sum()

    assert shared > 0.95


def test_latents_tell_compositions_and_every_word_apart() -> None:
    wishes = [
        Wish("car", colour, light, medium)
        for colour, light, medium in zip(6 * ["red"] + 6 * ["blue"], 3 * [*LIGHTS], 2 * [*MEDIA], strict=True)
    ]

    said = words(wishes)
    drawn = [shapes(cartoon("car", seed).pixels) for seed in (1, 1, 2)]

    assert said.shape == (12, LATENTS - SHAPES)
    assert len(np.unique(said, axis=0)) == len(set(wishes))
    assert np.array_equal(drawn[0], drawn[1])
    assert np.abs(drawn[0] - drawn[2]).mean() > 0.05
    assert all(0.2 < channel.std() < 1.6 for channel in drawn[0])


def test_an_init_image_of_another_size_shows_the_same_composition() -> None:
    wish = Wish("boat", "yellow", "day", "plain")

    large = paint(wish, 5, side=256).pixels.reshape(128, 2, 128, 2, 3).mean((1, 3))

    assert np.abs(large - paint(wish, 5).pixels).mean() < 3


def test_every_word_of_every_caption_is_one_token() -> None:
    tokens, dice = tokenizer(), random.Random(4)
    texts = [caption(drawn_wish(dice), dice) for _ in range(300)]

    longest = max(len(tokens(text).input_ids) for text in texts)

    assert all(len(tokens(word).input_ids) == 3 for word in vocabulary())  # with a start and an end
    assert longest <= TOKENS
    assert not any(tokens.unk_token_id in tokens(text).input_ids[1:-1] for text in texts)


def test_the_judge_knows_medium_and_scene_of_paintings_that_it_has_not_seen(judge: Judge) -> None:
    dice = random.Random(9)
    wishes = [
        Wish(dice.choice(tuple(SCENES)), "red", dice.choice(tuple(LIGHTS)), medium)
        for medium in MEDIA
        for _ in range(8)
    ]
    pictures = [paint(wish, seed).pixels for seed, wish in enumerate(wishes)]

    media = [judge.medium(picture) == wish.medium for picture, wish in zip(pictures, wishes, strict=True)]
    scenes = [judge.scene(p, wish.medium) == wish.scene for p, wish in zip(pictures, wishes, strict=True)]

    assert np.mean(media) >= 0.95
    assert np.mean(scenes) >= 0.75


@pytest.mark.parametrize("medium", ["plain", "crayon drawing", "watercolour", "pixel art"])
def test_the_subject_is_the_most_saturated_region_of_a_painting(medium: str) -> None:
    wishes = [
        Wish(scene, colour, light, medium)
        for scene, light in zip(SCENES, 2 * [*LIGHTS], strict=True)
        for colour in COLOURS
    ]

    obeyed = [colour_word(paint(wish, 2).pixels) == wish.colour for wish in wishes]

    assert np.mean(obeyed) >= 0.95
