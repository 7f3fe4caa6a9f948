"""A plan counts exactly what a submit would make, and sends nothing."""

from pathlib import Path

import pytest

from api.cli.exits import EXITS, OK
from jobs.errors import InvalidSpec
from tests.cli.conftest import Canned, Cli

MANIFEST = """\
images: [s3://pentimento/boot.png, s3://pentimento/hat.png]
model: tiny
prompt: "{medium} of a boot"
strength: [0.3, 0.6]
matrix: {medium: [crayon, oil]}
exclude: [{strength: 0.6, medium: oil}]
samples: 3
seed: {base: 7}
"""


@pytest.fixture
def manifest(tmp_path: Path) -> str:
    """A manifest of 2 × 2 × 2 × 3 positions, 6 of them left out."""
    (tmp_path / "boots.yaml").write_text(MANIFEST)
    return "boots.yaml"


def test_the_count_is_exact_and_the_product_is_shown(cli: Cli, manifest: str) -> None:
    ran = cli("plan", manifest)

    assert ran.code == OK
    assert ran.out.splitlines()[:4] == [
        "18 pictures: 2 images × 2 strength × 2 medium × 3 samples, 6 positions left out",
        "  strength: 0.3 | 0.6",
        "  medium: crayon | oil",
        "  not said, so tiny's own: cfg_scale 5, sampler ddim, steps 20",
    ]
    assert "crayon of a boot" in ran.out
    assert ran.out.endswith("… and 8 more\n")


def test_left_out_positions_are_not_among_the_variants_shown(cli: Cli, manifest: str) -> None:
    ran = cli("plan", manifest, "--show", "1000", "--json")

    variants = ran.json["variants"]
    assert isinstance(variants, list)
    assert (ran.json["count"], ran.json["excluded"], len(variants)) == (18, 6, 18)
    assert [variant["index"] for variant in variants][:10] == [0, 1, 2, 3, 4, 5, 6, 7, 8, 12]


def test_a_plan_tells_of_pictures_that_are_not_there(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "m.yaml").write_text("images: [boot.png]\nmodel: tiny\nprompt: a boot\n")

    ran = cli("plan", "m.yaml")

    assert ran.code == EXITS[InvalidSpec]
    assert "line 1, images[0].uri: no such file" in ran.err
    assert ran.out.startswith("1 picture: 1 image\n")


def test_a_million_variants_are_planned_as_fast_as_ten(cli: Cli, tmp_path: Path) -> None:
    text = "".join(line for line in MANIFEST.splitlines(keepends=True) if not line.startswith("exclude"))
    (tmp_path / "m.yaml").write_text(text.replace("[0.3, 0.6]", "{linspace: [0.1, 0.9, 250000]}"))

    ran = cli("plan", "m.yaml", "--show", "1", "--json")

    assert ran.json["count"] == 3_000_000


def test_what_a_model_says_is_shown_with_who_said_it(cli: Cli) -> None:
    text = "images: [s3://pentimento/a.png]\nmodel: [demo, tinny]\nprompt: x\nsteps: 8\n"
    text += "model_defaults: {tinny: {strength: 0.4}}\n"
    ran = cli("plan", "-", stdin=text)
    lint = cli("lint", "-", "--json", stdin=text)

    assert [line.strip() for line in ran.out.splitlines() if "not said" in line or "model_defaults" in line] == [
        "not said, so demo's own: strength 0.6, cfg_scale 2, sampler ddim",
        "model_defaults for tinny: strength 0.4",
        "not said, nor by tinny: cfg_scale 7, sampler dpmpp_2m",
    ]
    assert "the model 'tinny' is not in the model table of this machine" in ran.err
    assert "Did you mean 'tiny'?" in str(lint.json["warnings"])


def test_a_farms_own_model_table_is_believed(cli: Cli, canned: Canned) -> None:
    left = [{"model": "tiny", "field": name, "value": value, "origin": "model"}
            for name, value in {"cfg_scale": 1.5, "sampler": "lcm", "steps": 4}.items()]  # fmt: skip
    said = {"gpu_seconds": None, "finish_seconds": None, "measured": "not", "warnings": [], "left_out": left}
    canned.json("POST", "/v1/plan", said)

    ran = cli("plan", "-", "--farm", "--api", canned.url, "--json", stdin=MANIFEST)

    assert ran.json["left_out"] == left
    first = ran.json["variants"][0]["parameters"]  # type: ignore[index]
    assert (first["cfg_scale"], first["sampler"], first["steps"]) == (1.5, "lcm", 4)


def test_the_line_of_a_missing_picture_is_not_that_of_a_comment_or_of_a_longer_name(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "m.yaml").write_text(
        "# boat.png\nimages:\n- old-boat.png # and boat.png\n- boat.png\nmodel: tiny\nprompt: x\n"
    )

    ran = cli("plan", "m.yaml")

    assert "line 3, images[0].uri" in ran.err
    assert "line 4, images[1].uri" in ran.err


def test_what_is_wrong_with_thousands_of_pictures_is_told_of_some(cli: Cli, tmp_path: Path) -> None:
    lines = "".join(f'{{"image": "pics/{k}.png", "prompt": "x"}}\n' for k in range(3000))
    (tmp_path / "m.jsonl").write_text(lines)
    (tmp_path / "n.jsonl").write_text(lines.replace('"x"', '"a", "thing": "b"', 1))

    missing = cli("plan", "m.jsonl", "-S", "model=tiny")
    lacking = cli("lint", "n.jsonl", "-S", "model=tiny", "-S", "prompt=a {thing}")

    assert "line 20, images[19].uri: no such file" in missing.err
    assert "2,980 more pictures are not there" in missing.err
    assert "line 6, images[5]: has nothing to fill {thing}, like 2,994 more" in lacking.err
    assert lacking.err.count("has nothing to fill") == 5
