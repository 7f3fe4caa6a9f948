"""A plan counts exactly what a submit would make, and sends nothing."""

from pathlib import Path

import pytest

from api.cli.exits import EXITS, OK
from jobs.errors import InvalidSpec
from tests.cli.conftest import Cli

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
    assert ran.out.splitlines()[:3] == [
        "18 pictures: 2 images × 2 strength × 2 medium × 3 samples, 6 positions left out",
        "  strength: 0.3 | 0.6",
        "  medium: crayon | oil",
    ]
    assert "crayon of a boot" in ran.out


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
