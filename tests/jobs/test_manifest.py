"""Manifest text becomes a spec, or problems with the very line."""

import json
import time
from pathlib import Path

import pytest

from jobs.errors import InvalidSpec, Problem
from jobs.manifest import local_paths, parse_manifest, require_uris, with_images
from jobs.spec import canonical_json, json_schema, named_images
from jobs.spec.model import ImageSpec
from jobs.sweep import Sweep
from tests.jobs.documents import document, spec

DEMO = Path(__file__).parents[2] / "deploy" / "examples" / "demo.yaml"

YAML = """\
name: autumn          # a comment
images:
  - s3://catalogue/boot.jpg
  - uri: shoe.png
    set: {subject: 'a shoe'}
model: tiny
prompt: >-
  a drawing
  of something
strength:
  - 0.3
  - 0.5
matrix:
  look:
    - {sampler: ddim, steps: 50}
    - sampler: euler
      steps: 30
output: {name: "{subject}-{index}"}
"""


def refused(text: bytes | str, source: str = "m.yaml") -> tuple[Problem, ...]:
    """What is wrong with a manifest."""
    with pytest.raises(InvalidSpec) as invalid:
        parse_manifest(text, source=source)
    assert invalid.value.source == source
    return invalid.value.problems


def test_the_demo_is_a_manifest_of_24_variants_from_three_local_pictures() -> None:
    made = parse_manifest(DEMO.read_bytes(), source="demo.yaml")
    sweep = Sweep(made)
    assert sweep.count == len(sweep) == 24
    assert [value for _, value in local_paths(made)] == ["rocket.png", "house.png", "boat.png"]
    assert sweep.models == ("demo",)
    assert sweep[22].parameters.prompt == "a blueprint of a blue sailing boat on the sea by day"
    assert sweep[22].parameters.steps == 16


MISTAKES = [
    ("name: autumn", "nmae: autumn", 1, "nmae"),
    ("s3://catalogue/boot.jpg", "ftp://catalogue/boot.jpg", 3, "images[0]"),
    ("- uri: shoe.png", "- uri: https://x.example/shoes/", 4, "images[1].uri"),
    ("set: {subject", "set: {width: 3, subject", 5, "images[1].set.width"),
    ("model: tiny", "model:", 6, "model"),
    ("  a drawing", "  a {drawing}", 7, "prompt"),
    ("- 0.5", "- 5", 12, "strength[1]"),
    ("sampler: ddim, steps: 50", "sampler: ddim, steps: 0", 15, "matrix.look[0].steps"),
    ("sampler: euler\n      steps: 30", "sampler: euler", 16, "matrix.look[1]"),
    ("steps: 30", "steps: yes", 17, "matrix.look[1].steps"),
    ('name: "{subject}-{index}"', 'nam: "{subject}-{index}"', 18, "output.nam"),
]


@pytest.mark.parametrize(("good", "bad", "line", "path"), MISTAKES, ids=[mistake[3] for mistake in MISTAKES])
@pytest.mark.parametrize("ends", ["\n", "\r\n"], ids=["lf", "crlf"])
def test_a_problem_in_yaml_has_the_very_line(good: str, bad: str, line: int, path: str, ends: str) -> None:
    assert good in YAML
    text = YAML.replace("  - s3://catalogue/boot.jpg", "  - {uri: s3://catalogue/boot.jpg, set: {subject: b}}")
    good, bad = (good, bad) if good in text else ("s3://catalogue/boot.jpg", "ftp://catalogue/boot.jpg")
    found = refused(text.replace(good, bad).replace("\n", ends))
    assert (line, path.replace("images[0]", "images[0].uri")) in [(problem.line, problem.path) for problem in found]


JSON = """
{
  "images": [
    "a.png",
    {"uri": "b.png",
     "set": {"strength": 7}}
  ],
  "model": "tiny", "prompt": ["x", "a \\"{\\" ,[y"],
  "steps":
    0,
  "matrix": {"look": [
      {"sampler": "ddim"},
      {"sampler": "nope"}]},
  "strenght": {}
}
"""


def test_problems_in_json_have_their_lines() -> None:
    found = refused(JSON, "m.json")
    assert [(problem.line, problem.path) for problem in found] == [
        (6, "images[1].set.strength"),
        (8, "prompt[1]"),
        (9, "steps"),
        (13, "matrix.look[1].sampler"),
        (14, "strenght"),
    ]


def test_json_is_recognised_without_a_name() -> None:
    assert parse_manifest(json.dumps(document()), source="stdin") == spec()
    assert parse_manifest(canonical_json(spec()), source="stdin", format="json") == spec()
    assert parse_manifest(canonical_json(spec()), source="m.yaml") == spec()


def test_yaml_has_the_types_of_version_1_2() -> None:
    values = '[yes, on, 2026-01-01, "3", 1e1, 0x10, true]'
    text = f"images: [a.png]\nmodel: no\nprompt: '{{x}}'\nsteps: 010\nmatrix:\n  x: {values}\n"
    made = parse_manifest(text, source="m.yaml")
    assert made.fixed["model"] == "no"
    assert made.fixed["steps"] == 10
    assert list(made.axes[0].columns[0]) == ["yes", "on", "2026-01-01", "3", 10, 16, True]


def test_a_byte_order_mark_and_anchors_are_fine() -> None:
    text = "\ufeffimages: [a.png]\nmodel: tiny\nprompt: &p x\nnegative_prompt: *p\n"
    assert parse_manifest(text.encode(), source="m.yaml").fixed["negative_prompt"] == "x"
    assert parse_manifest(b"\xef\xbb\xbf" + json.dumps(document()).encode(), source="m") == spec()


BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{b}: &{b} [{', '.join([f'*{a}'] * 9)}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
)

NOT_DOCUMENTS: list[tuple[bytes | str, str, int | None]] = [
    ("", "empty", 1),
    ("# nothing\n", "empty", 1),
    ("a: 1\na: 2", "written twice", 2),
    ("x:\n  a: 1\n  b: 2\n  a: 3", "written twice", 4),
    ('{"a": 1,\n "b": {"c": 1,\n"c": 2}}', "'c' is written twice", 3),
    ('{"a": 1,\n"a": 2} "b": 3} ]', "'a' is written twice", 2),
    ('{"b": {"a": 1,\n"a": 2}, nothing', "'a' is written twice", 2),
    ("images:\n\t- x", "not YAML", 2),
    ("a: [1\nb: 2", "not YAML", 2),
    ('{"a": 1,\n}', "not JSON", 2),
    ('{"a": NaN}', "NaN is not a number", None),
    ('{"a": -Infinity}', "not a number", None),
    ('{"a": 1' + "0" * 5000 + "}", "not JSON", None),
    ("[" * 10_000, "nested too deeply", None),
    ('{"a":' * 10_000, "nested too deeply", None),
    ("a: " + "[" * 40 + "]" * 40, "nested too deeply", 1),
    ("a: &a [1, *a]", "undefined alias", 1),
    (BOMB, "once aliases are followed", None),
    ("--- \na: 1\n---\nb: 1", "more than one document", 3),
    ("x: !!python/object/apply:os.system [ls]", "tag", 1),
    ("a: 1\nx: !foo bar", "tag", 2),
    ("x: !!binary aGk=", "tag", 1),
    ("a: {b: 1}\n<<: {c: 1}", "merge keys", 2),
    ("? [a]\n: b", "a key is not text", 1),
    ("%YAML 1.1\n---\na: yes", "directives", 2),
    ("a: &a " + "[" * 20 + "]" * 20 + "\nb: " + "[" * 20 + "*a" + "]" * 20, "nested too deeply", 2),
    ("a: !" + "a" * 900_000, "tags are not taken", None),
    ("a: *x", "undefined alias", 1),
    ("a\x00b: 1", "not YAML", None),
    (b"name: a\nprompt: \xff\xfe", "not UTF-8", 2),
    ("a: 1\n".encode("utf-16"), "not UTF-8", 1),
    (b"\x89PNG\r\n\x1a\n", "this is a picture, not a manifest", None),
    ("x" * (2 << 20), "at most 1048576", None),
    ("- 1", "a job spec is a mapping", 1),
    ("just text", "a job spec is a mapping", 1),
]


@pytest.mark.parametrize(("text", "message", "line"), NOT_DOCUMENTS, ids=[str(n) for n in range(len(NOT_DOCUMENTS))])
def test_text_that_is_no_document_is_refused_soon(text: bytes | str, message: str, line: int | None) -> None:
    started = time.process_time()
    found = refused(text, "stdin")
    assert time.process_time() - started < 5
    assert message in found[0].message
    assert line is None or found[0].line == line


def test_local_paths_are_replaced_and_images_keep_their_names() -> None:
    made = spec(images=["pics/boat.png", "s3://bucket/house.png", "other/boat.png", "C:\\x\\rocket.png"])
    assert local_paths(made) == [
        ("images[0].uri", "pics/boat.png"),
        ("images[2].uri", "other/boat.png"),
        ("images[3].uri", "C:\\x\\rocket.png"),
    ]
    digest = "0123456789abcdef" * 4
    sent = with_images(made, {value: f"upload://{digest}" for _, value in local_paths(made)})
    assert [image.name for image in named_images(sent)] == ["boat", "house", "boat-2", "rocket"]
    assert named_images(sent)[2] == ImageSpec(f"upload://{digest}", "boat-2")
    assert parse_manifest(canonical_json(sent), source="m.json") == sent
    require_uris(sent)


def test_a_server_takes_no_local_paths() -> None:
    with pytest.raises(InvalidSpec) as invalid:
        require_uris(spec(images=["s3://bucket/a.png", "b.png"]))
    (found,) = invalid.value.problems
    assert found.path == "images[1].uri"
    assert "no local paths" in found.message
    assert "CLI" in found.remedy


def test_the_schema_knows_every_key_of_the_language() -> None:
    schema = json_schema()
    properties = schema["properties"]
    assert isinstance(properties, dict)
    for key in json.loads(canonical_json(spec(matrix={"strength": [0.1]}, name="x", labels={"a": "b"}))):
        assert key in properties
    assert schema["additionalProperties"] is False
    json.dumps(schema)
