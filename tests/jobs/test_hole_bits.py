"""Holes of a whole stretch at once agree with holes one by one."""

from itertools import pairwise
from random import Random

import pytest

from jobs.spec import parse_spec
from jobs.sweep import Sweep

IMAGES = [
    {"uri": "https://example.org/a.png"},
    {"uri": "https://example.org/b.png", "set": {"strength": 0.2}},
    {"uri": "https://example.org/c.png", "set": {"season": "autumn"}},
]
SPEC = {
    "images": IMAGES,
    "model": "tiny",
    "prompt": "a boot in {season}",
    "strength": [0.1, 0.2, 0.3],
    "matrix": {
        "season": ["spring", "autumn"],
        "look": [{"sampler": "ddim", "steps": 5}, {"sampler": "euler", "steps": 3}],
    },
    "exclude": [{"season": "spring", "strength": 0.2}, {"sampler": "euler", "strength": 0.1}],
    "include": [
        {"season": "winter", "strength": 0.3, "sampler": "ddim", "steps": 5},
        {"season": "winter", "strength": 0.1, "sampler": "euler", "steps": 3},
    ],
    "samples": 3,
}


@pytest.mark.parametrize("without", [(), ("exclude",), ("include",), ("exclude", "include")])
def test_a_stretch_of_holes_is_each_hole_in_turn(without: tuple[str, ...]) -> None:
    sweep = Sweep(parse_spec({key: value for key, value in SPEC.items() if key not in without}, source="a test"))
    whole = "".join("1" if sweep.is_hole(index) else "0" for index in range(len(sweep)))
    cuts = sorted(Random(7).sample(range(len(sweep) + 1), 20))

    assert "1" in whole
    assert sweep.hole_bits(0, len(sweep)) == whole
    for start, stop in [*pairwise(cuts), (5, 5), (0, 1)]:
        assert sweep.hole_bits(start, stop) == whole[start:stop]


def test_a_stretch_of_a_huge_sweep_costs_no_more_than_itself() -> None:
    million = {"linspace": [1, 2, 1_000_000]}
    spec = {"images": IMAGES[:1], "model": "tiny", "prompt": "x", "cfg_scale": million, "strength": [0.1, 0.2]}
    sweep = Sweep(parse_spec(spec | {"exclude": [{"cfg_scale": 1.0}, {"strength": 0.2}]}, source="a test"))

    first, middle = sweep.hole_bits(0, 8), sweep.hole_bits(1_000_000, 1_000_008)

    assert first == "".join(str(int(sweep.is_hole(index))) for index in range(8))
    assert middle == "".join(str(int(sweep.is_hole(index))) for index in range(1_000_000, 1_000_008))
