"""A seed follows from what a variant is; where it stands says nothing."""

import hashlib

import pytest

from jobs.seeds import fixed_seed, hashed_seed
from jobs.spec import canonical_json
from jobs.sweep import Sweep
from tests.jobs.documents import LOOKS, spec


def seeds(sweep: Sweep) -> dict[tuple[str, str, int], int]:
    """Seed by image, coordinates and sample."""
    return {(v.image.name, repr(sorted(v.coordinates.items())), v.sample): v.parameters.seed for v in sweep}


def test_the_formula_is_the_documented_one() -> None:
    text = '[7,"boat",[["season","autumn"],["strength",0.5]],1]'
    expected = int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")
    assert hashed_seed(7, "boat", {"strength": 0.5, "season": "autumn"}, 1) == expected == 325673475


def test_seeds_do_not_depend_on_position() -> None:
    seed = {"policy": "per_variant", "base": 3}
    small = Sweep(spec(images=["b.png"], strength=[0.4], matrix={"look": LOOKS[:1]}, seed=seed))
    large = Sweep(
        spec(images=["z.png", "b.png"], matrix={"look": LOOKS[::-1]}, strength=[0.1, 0.4, 0.5], seed=seed, samples=3)
    )
    assert seeds(small).items() <= seeds(large).items()
    assert small[0].index != next(v.index for v in large if v.parameters == small[0].parameters)


def test_an_image_added_before_changes_no_seed() -> None:
    seed = {"policy": "per_image", "base": 3}
    before = seeds(Sweep(spec(images=["b.png"], strength=[0.4, 0.5], seed=seed)))
    after = seeds(Sweep(spec(images=["a.png", "b.png"], strength=[0.4, 0.5], seed=seed)))
    assert before.items() <= after.items()


def test_per_image_gives_all_cells_of_an_image_one_seed() -> None:
    sweep = Sweep(spec(images=["a.png", "b.png"], strength=[0.4, 0.5], seed={"policy": "per_image", "base": 3}))
    assert sweep[0].parameters.seed == sweep[1].parameters.seed != sweep[2].parameters.seed


def test_an_integer_is_the_same_seed_everywhere_and_samples_count_up() -> None:
    sweep = Sweep(spec(images=["a.png", "b.png"], seed=2**32 - 1, samples=2))
    assert [v.parameters.seed for v in sweep] == [2**32 - 1, 0, 2**32 - 1, 0]


def test_a_list_of_seeds_is_an_axis() -> None:
    sweep = Sweep(spec(seed=[5, 9], strength=[0.4, 0.5], samples=2))
    assert sweep.axes[0].names == ("seed",)
    assert [v.parameters.seed for v in sweep] == [5, 6, 5, 6, 9, 10, 9, 10]


def test_an_image_may_set_its_own_seed() -> None:
    sweep = Sweep(spec(images=["a.png", {"uri": "b.png", "set": {"seed": 11}}], seed={"base": 1}, strength=[0.4, 0.5]))
    assert [v.parameters.seed for v in sweep][2:] == [11, 11]


@pytest.mark.parametrize(("base", "sample", "seed"), [(0, 0, 0), (2**32 - 1, 2, 1)])
def test_fixed_seeds_wrap_around(base: int, sample: int, seed: int) -> None:
    assert fixed_seed(base, sample) == seed


def test_seeds_are_uint32_and_differ_between_samples() -> None:
    sweep = Sweep(spec(samples=200, seed={"base": 1}))
    found = {v.parameters.seed for v in sweep}
    assert len(found) == 200
    assert all(0 <= seed < 2**32 for seed in found)


def test_rolling_cells_again_changes_their_seeds_alone_and_each_time() -> None:
    document = {"images": ["a.png", "b.png"], "strength": [0.4, 0.5], "seed": {"base": 3}, "samples": 2}
    cell = {"image": "b", "strength": 0.5}
    before, once, twice = (seeds(Sweep(spec(**document, reroll=[cell] * n or None))) for n in (0, 1, 2))
    chosen = [key for key in before if key[0] == "b" and "0.5" in key[1]]
    assert len(chosen) == 2
    assert all(before[key] == once[key] == twice[key] for key in before.keys() - chosen)
    assert len({made[key] for made in (before, once, twice) for key in chosen}) == 6
    assert canonical_json(spec(**document, reroll=[cell])).count(b"reroll") == 1
