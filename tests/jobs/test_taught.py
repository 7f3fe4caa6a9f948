"""What the README and the example teach is what the language does."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from jobs.manifest import parse_manifest
from jobs.sweep import Sweep

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
DEMO = (ROOT / "deploy" / "examples" / "demo.yaml").read_text()
TAUGHT = re.findall(r"(?ms)^```(yaml|jsonl)\n(.*?)^```$", README)


def test_the_readmes_manifest_makes_as_many_pictures_as_it_says() -> None:
    (text,) = [body for kind, body in TAUGHT if kind == "yaml"]
    spec = parse_manifest(text, source="README.yaml")
    assert spec.open
    said = re.search(r"That is (\d+) pictures of each shoe, and (\d+) of the boot", README)
    assert said is not None
    boot, shoe, _ = spec.images
    sweep = Sweep(spec, [replace(shoe, uri="s3://catalogue/shoes/a.png", name="a"), replace(boot, name="boot")])
    assert [sweep.variants_of(image) for image in sweep.images] == [int(said[1]), int(said[2])]
    assert sweep[0].parameters.prompt == "crayon drawing of a shoe, spring"


def test_the_readmes_lines_are_a_manifest() -> None:
    (text,) = [body for kind, body in TAUGHT if kind == "jsonl"]
    made = [(v.image.custom_id, v.parameters.prompt) for v in Sweep(parse_manifest(text, source="README.jsonl"))]
    assert made == [("a1", "a boat at dawn"), ("a2", "a boat at night")]


@pytest.mark.parametrize(
    "line",
    [line[2:] for line in DEMO.splitlines() if re.match(r"# (exclude|include|reroll|extends|style_preset):", line)],
)
def test_what_the_example_has_commented_out_works_when_it_is_not(line: str) -> None:
    sweep = Sweep(parse_manifest(f"{DEMO}\n{line}\n", source="demo.yaml"))
    assert sweep.count == {"exclude": 21, "include": 27, "style_preset": 48}.get(line.partition(":")[0], 24)


@pytest.mark.parametrize("line", re.findall(r"(?m)^#   (- .*?)  ", DEMO))
def test_the_examples_other_ways_to_name_images_are_read(line: str) -> None:
    text = f"images:\n  {line}\nmodel: tiny\nprompt: {'x {scene}' if '{' in line else 'x'}\n"
    assert parse_manifest(text, source="demo.yaml").open
