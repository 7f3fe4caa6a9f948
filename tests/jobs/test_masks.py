"""A mask is a picture by URI: one for the job, one for an image, or several as an axis."""

import json

import pytest

from jobs.errors import InvalidSpec
from jobs.spec import canonical_json, local_paths, parse_spec, require_uris, with_images
from jobs.sweep import Sweep

IMAGES = ["s3://pics/a.png", {"uri": "s3://pics/b.png", "mask": "s3://pics/own.png"}]
BASE = {"images": IMAGES, "model": "m", "prompt": "p"}


def test_an_images_own_mask_wins_over_the_jobs() -> None:
    sweep = Sweep(parse_spec(BASE | {"mask": "s3://pics/all.png", "mask_feather": 8}))

    assert [variant.mask for variant in sweep] == ["s3://pics/all.png", "s3://pics/own.png"]
    assert {variant.parameters.mask_feather for variant in sweep} == {8}


def test_without_a_mask_there_is_none() -> None:
    assert [variant.mask for variant in Sweep(parse_spec(BASE))] == ["", "s3://pics/own.png"]


def test_masks_can_be_an_axis() -> None:
    sweep = Sweep(parse_spec({**BASE, "images": ["s3://pics/a.png"], "mask": ["s3://pics/1.png", "s3://pics/2.png"]}))

    assert [variant.mask for variant in sweep] == ["s3://pics/1.png", "s3://pics/2.png"]


def test_a_spec_with_masks_is_the_same_when_its_text_is_read_again() -> None:
    spec = parse_spec(BASE | {"mask": ["s3://pics/1.png", ""]})

    assert canonical_json(parse_spec(json.loads(canonical_json(spec)))) == canonical_json(spec)


def test_local_masks_are_uploaded_with_the_images_and_refused_by_a_server() -> None:
    images = ["a.png", {"uri": "b.png", "mask": "own.png"}]
    spec = parse_spec({**BASE, "images": images, "mask": ["one.png", "two.png"]})

    found = dict(local_paths(spec))
    with pytest.raises(InvalidSpec) as refused:
        require_uris(spec)
    uploaded = with_images(spec, {path: f"s3://uploads/{path}" for path in found.values()})

    assert set(found.values()) == {"a.png", "b.png", "own.png", "one.png", "two.png"}
    assert {problem.path for problem in refused.value.problems} == set(found)
    assert local_paths(uploaded) == []
    masks = {variant.mask for variant in Sweep(uploaded)}
    assert masks == {"s3://uploads/one.png", "s3://uploads/two.png", "s3://uploads/own.png"}
