"""The product is exact, in the written order, and never a list."""

import itertools
import tracemalloc
from typing import Any

import pytest

from jobs.spec.model import ImageSpec
from jobs.sweep import Sweep
from jobs.variant import InitImage, WeightedPrompt
from tests.jobs.documents import LOOKS, document, spec

GOOD: dict[str, tuple[dict[str, Any], int, int]] = {
    # name: (changes to the smallest document, raw positions, variants)
    "one variant": ({}, 1, 1),
    "samples": ({"samples": 7}, 7, 7),
    "a list": ({"strength": [0.3, 0.5]}, 2, 2),
    "a list of one": ({"strength": [0.3]}, 1, 1),
    "a range": ({"cfg_scale": {"range": [5, 9, 2]}}, 3, 3),
    "a linspace": ({"strength": {"linspace": [0, 1, 5]}}, 5, 5),
    "prompts": ({"prompt": ["a", "b", "c"]}, 3, 3),
    "weighted prompts": ({"prompt": [{"text": "a"}, {"text": "b", "weight": -0.5}]}, 1, 1),
    "an axis of weighted prompts": ({"prompt": ["a", [{"text": "b", "weight": 2}, {"text": "c"}]]}, 2, 2),
    "models": ({"model": ["tiny", "sdxl"]}, 2, 2),
    "a joint axis": ({"matrix": {"look": LOOKS}}, 2, 2),
    "a variable": ({"prompt": "{x}", "matrix": {"x": [1, 2.5, "three", True]}}, 4, 4),
    "a field in the matrix": ({"matrix": {"strength": [0.1, 0.2]}}, 2, 2),
    "a moving prompt": ({"prompt": None, "matrix": {"p": [
        {"prompt": "a", "steps": 3}, {"prompt": "b", "steps": 4}]}}, 2, 2),
    "all at once": (
        {"images": ["a.png", "b.png"], "strength": [0.1, 0.2, 0.3], "steps": [1, 2], "matrix": {"look": [
            {"sampler": "ddim", "cfg_scale": 1}, {"sampler": "euler", "cfg_scale": 2}]}, "samples": 2}, 48, 48,
    ),
    "an override": ({"images": ["a.png", {"uri": "b.png", "set": {"strength": 0.9}}], "strength": [0.1, 0.2]}, 4, 3),
    "two overrides": (
        {"images": ["a.png", {"uri": "b.png", "set": {"strength": 0.9, "steps": 5}}], "strength": [0.1, 0.2],
         "steps": [1, 2, 3]}, 12, 7,
    ),
    "a joint override": (
        {"images": ["a.png", {"uri": "b.png", "set": {"sampler": "ddim", "steps": 5}}], "matrix": {"look": LOOKS}}, 4, 3
    ),
    "excluded": ({"strength": [0.1, 0.2], "steps": [1, 2, 3], "exclude": [{"strength": 0.1, "steps": 2}]}, 6, 5),
    "excluded rows": ({"strength": [0.1, 0.2], "steps": [1, 2, 3], "exclude": [{"strength": 0.1}, {"steps": 2}]}, 6, 2),
    "excluded image": ({"images": ["a.png", "b.png"], "steps": [1, 2], "exclude": [{"image": "b", "steps": 1}]}, 4, 3),
    "excluded from a joint axis": ({"strength": [0.1, 0.2], "matrix": {"look": LOOKS}, "exclude": [
        {"sampler": "ddim", "strength": 0.1}]}, 4, 3),
    "excluded from a range": ({"strength": {"range": [0.1, 0.5, 0.1]}, "exclude": [{"strength": 0.3}]}, 5, 4),
    "included": ({"prompt": "{s}", "matrix": {"s": ["spring", "autumn"]}, "include": [{"s": "winter"}]}, 3, 3),
    "included for each image": ({"images": ["a.png", "b.png"], "steps": [1, 2], "include": [{"steps": 9}],
                                 "samples": 2}, 12, 12),
    "included with more fields": ({"steps": [1, 2], "include": [{"steps": 1, "sampler": "ddim"}]}, 3, 3),
    "excluded and put back": ({"steps": [1, 2], "exclude": [{"steps": 2}], "include": [{"steps": 2}]}, 3, 2),
    "an override that meets an included cell": (
        {"images": ["a.png", {"uri": "b.png", "set": {"steps": 7}}], "steps": [1, 2], "include": [{"steps": 9}]}, 6, 4
    ),
}  # fmt: skip


@pytest.mark.parametrize(("changes", "positions", "count"), GOOD.values(), ids=GOOD)
def test_the_counts_are_exact(changes: dict[str, Any], positions: int, count: int) -> None:
    sweep = Sweep(spec(**changes))
    assert len(sweep) == positions
    assert sweep.count == count
    assert sum(not sweep.is_hole(i) for i in range(positions)) == count
    assert sweep.span * len(sweep.images) == positions


@pytest.mark.parametrize("changes", [good[0] for good in GOOD.values()], ids=GOOD)
def test_no_two_variants_are_the_same_and_each_knows_its_place(changes: dict[str, Any]) -> None:
    variants = list(Sweep(spec(**changes)))
    assert len({repr((v.image, v.parameters, v.sample)) for v in variants}) == len(variants)
    sweep = Sweep(spec(**changes))
    assert all(sweep[v.index] == v for v in variants)


def test_images_are_slowest_axes_follow_the_document_and_samples_are_fastest() -> None:
    made = Sweep(
        spec(
            images=["a.png", "b.png"],
            steps=[1, 2],
            strength=[0.1, 0.2],
            prompt="{x}",
            matrix={
                "x": ["p", "q"],
                "look": [{"sampler": "ddim", "cfg_scale": 1}, {"sampler": "euler", "cfg_scale": 2}],
            },
            samples=2,
        )
    )
    seen = [
        (v.image.name, v.parameters.steps, v.parameters.strength, v.parameters.prompt, v.parameters.cfg_scale, v.sample)
        for v in (made[i] for i in range(len(made)))
    ]
    assert seen == list(itertools.product("ab", [1, 2], [0.1, 0.2], "pq", [1.0, 2.0], [0, 1]))
    assert [axis.key for axis in made.axes] == ["steps", "strength", "x", "look"]


def test_the_order_of_keys_in_the_document_is_the_order_of_axes() -> None:
    fields = {"images": ["a.png"], "model": "tiny", "prompt": "x"}
    one = Sweep(spec(**{**fields, "strength": [0.1, 0.2], "steps": [1, 2]}))
    other = Sweep(spec(**{**fields, "steps": [1, 2], "strength": [0.1, 0.2]}))
    assert [v.parameters.steps for v in one] == [1, 2, 1, 2]
    assert [v.parameters.steps for v in other] == [1, 1, 2, 2]


def test_a_variant_carries_everything() -> None:
    variant = Sweep(
        spec(
            images=[{"uri": "s3://bucket/boot.jpg", "set": {"subject": "hiking boot", "strength": 0.3}}],
            prompt=[{"text": "crayon drawing of a {subject}, {season}"}, {"text": "{{dull}}", "weight": -1}],
            negative_prompt="not {season}",
            matrix={"season": ["spring", "autumn"]},
            strength=[0.5, 0.6],
            sampler="SAMPLER_K_EULER",
            width=512,
            fit="contain",
            seed=4,
        )
    )[1]
    parameters = variant.parameters
    assert variant.image == InitImage("s3://bucket/boot.jpg", "boot")
    assert parameters.prompts == (
        WeightedPrompt("crayon drawing of a hiking boot, autumn"), WeightedPrompt("{dull}", -1.0))  # fmt: skip
    assert parameters.negative_prompt == "not autumn"
    assert (parameters.strength, parameters.sampler, parameters.seed) == (0.3, "euler", 4)
    assert (parameters.width, parameters.height, parameters.fit) == (512, None, "contain")
    assert variant.coordinates == {"strength": 0.3, "season": "autumn"}


@pytest.mark.parametrize(("alias", "said", "strength"), [
    ("image_strength", 0.35, 0.65), ("image_strength", 0, 1.0), ("step_schedule_start", 0.35, 0.35),
])  # fmt: skip
def test_the_seeds_words_for_strength_are_understood(alias: str, said: float, strength: float) -> None:
    assert Sweep(spec(**{alias: said}))[0].parameters.strength == strength
    assert Sweep(spec(**{alias: [said]}))[0].parameters.strength == strength
    assert Sweep(spec(images=[{"uri": "a.png", "set": {alias: said}}]))[0].parameters.strength == strength
    assert Sweep(spec(matrix={alias: [said]}))[0].coordinates == {"strength": strength}


def test_a_range_of_image_strength_runs_the_other_way() -> None:
    sweep = Sweep(spec(image_strength={"range": [0.2, 0.4, 0.1]}))
    assert [v.parameters.strength for v in sweep] == [0.8, 0.7, 0.6]


def test_outside_is_an_index_error() -> None:
    sweep = Sweep(spec(strength=[0.1, 0.2]))
    for index in (-1, 2, 10**12):
        with pytest.raises(IndexError, match=str(index)):
            sweep[index]
        with pytest.raises(IndexError):
            sweep.is_hole(index)


def test_a_thousand_million_variants_cost_what_ten_cost() -> None:
    tracemalloc.start()
    sweep = Sweep(
        spec(cfg_scale={"linspace": [1, 40, 1_000_000]}, steps={"range": [1, 1000, 1]}, exclude=[{"steps": 7}])
    )
    assert len(sweep) == 10**9
    assert sweep.count == 999 * 10**6
    assert sweep[10**9 - 1].parameters.cfg_scale == 40
    assert sweep.is_hole(6)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 300_000


def test_models_are_told_before_anything_runs() -> None:
    made = spec(
        images=["a.png", {"uri": "b.png", "set": {"model": "mine"}}],
        model=["tiny", "sdxl"],
        steps=[1, 2],
        include=[{"model": "other", "steps": 1}],
    )
    assert Sweep(made).models == ("tiny", "sdxl", "other", "mine")


def test_axes_have_labels_for_people() -> None:
    sweep = Sweep(spec(strength=[0.5, 1], matrix={"look": LOOKS}, prompt=["a", [{"text": "b", "weight": 2}]]))
    labels = {axis.key: list(axis.labels) for axis in sweep.axes}
    assert labels["strength"] == ["0.5", "1"]
    assert labels["look"] == ["ddim, 50", "euler, 30"]
    assert labels["prompt"] == ["a", "b:2"]
    assert [len(axis) for axis in sweep.axes] == [2, 2, 2]


def test_resolved_images_may_take_the_place_of_the_written_ones() -> None:
    sweep = Sweep(spec(**document(steps=[1, 2])), [ImageSpec("s3://b/x.png", "x"), ImageSpec("s3://b/y.png", "y")])
    assert len(sweep) == sweep.count == 4
    assert sweep[3].image.name == "y"
