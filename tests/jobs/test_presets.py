"""Style presets: those that ship, and a user's own."""

import json
from pathlib import Path

import pytest

from jobs.errors import InvalidSpec
from jobs.presets import Preset, find, load_presets
from jobs.spec import canonical_json, parse_spec, with_presets
from jobs.sweep import Sweep
from tests.jobs.documents import document

NAMES = [
    "enhance",
    "anime",
    "photographic",
    "digital-art",
    "comic-book",
    "fantasy-art",
    "line-art",
    "analog-film",
    "neon-punk",
    "isometric",
    "low-poly",
    "origami",
    "modeling-compound",
    "cinematic",
    "3d-model",
    "pixel-art",
    "tile-texture",
]


def test_every_preset_that_clients_offer_is_there() -> None:
    assert set(NAMES) == set(load_presets(None))


def test_a_users_file_adds_and_replaces(tmp_path: Path) -> None:
    path = tmp_path / "presets.toml"
    path.write_text(
        '[anime]\nprompt = "mine: {prompt}"\n[woodcut]\nprompt = "woodcut of {prompt}"\nnegative = "grey"\n'
    )

    presets = load_presets(path)

    assert find(presets, "anime").around("x") == "mine: x"
    assert find(presets, "WoodCut").negative == "grey"
    assert len(presets) == len(NAMES) + 1


@pytest.mark.parametrize(
    "text", ['[a]\nprompt = "no slot"', "[a]\nnegative = 'x'", 'a = "{prompt}"', "[a", "[a]\nx = 1"]
)
def test_a_wrong_file_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "presets.toml"
    path.write_text(text)

    with pytest.raises(InvalidSpec):
        load_presets(path)


def test_an_unknown_preset_names_the_nearest() -> None:
    with pytest.raises(InvalidSpec, match="pixel-art"):
        find(load_presets(None), "pixelart")


SPEC = document(style_preset=["anime", "mine"], style_presets={"mine": {"prompt": "my {prompt}", "negative": "fog"}},
                negative_prompt="blur")  # fmt: skip


def test_a_style_is_in_the_resolved_prompt_and_so_in_what_a_fingerprint_hashes() -> None:
    anime, mine = (variant.parameters for variant in Sweep(parse_spec(SPEC)))

    assert anime.prompt == "anime still of a boat, cel shading, clean outlines, vivid colours"
    assert anime.negative_prompt.startswith("blur, photograph")
    assert (mine.prompt, mine.negative_prompt) == ("my a boat", "blur, fog")


def test_a_frozen_spec_carries_the_templates_that_it_names() -> None:
    theirs = {"anime": Preset("theirs: {prompt}"), "other": Preset("{prompt}")}
    frozen = with_presets(parse_spec(SPEC), theirs)

    again = parse_spec(json.loads(canonical_json(frozen)))

    assert again == frozen
    assert set(frozen.presets) == {"anime", "mine"}
    assert [variant.parameters.prompt for variant in Sweep(again)] == ["theirs: a boat", "my a boat"]


def test_styles_that_nobody_knows_are_named_all_at_once() -> None:
    images = [{"uri": "a.png", "set": {"style_preset": "nope"}}, "b.png"]

    with pytest.raises(InvalidSpec) as invalid:
        with_presets(parse_spec(document(images=images, style_preset=["anime", "anmie"])), load_presets(None))

    assert next((p.path, p.remedy) for p in invalid.value.problems) == ("style_preset[1]", "Did you mean anime?")
    assert [p.path for p in invalid.value.problems][1] == "images[0].set.style_preset"


def test_a_table_may_name_any_style_of_the_deployment() -> None:
    spec = parse_spec(document(images=[{"table": "s3://bucket/rows.csv"}]))

    assert with_presets(spec, load_presets(None)).presets == load_presets(None)
