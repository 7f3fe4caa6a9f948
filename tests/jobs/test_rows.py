"""One variant a line: JSONL, CSV and A1111's prompt lines say what a manifest would say, with their lines in errors."""

import json
from typing import Any

import pytest

from jobs.errors import InvalidSpec, Problem
from jobs.manifest import parse_given, parse_manifest
from jobs.manifest.prompt_lines import import_prompts
from jobs.spec import canonical_json, parse_spec, with_defaults
from jobs.sweep import Sweep

JSONL = """\
{"custom_id": "first", "image": "s3://input/boat.png", "model": "tiny", "prompt": "a {what}", "what": "boat", "seed": 7}

{"custom_id": "2/ü", "image": "s3://input/boat.png", "model": "tiny", "prompt": "b", "strength": 0.25}
{"custom_id": "c", "method": "POST", "url": "/v1/jobs", "body": {"image": "x.png", "model": "tiny", "prompt": "d"}}
"""

CSV = """\
custom_id,image,model,prompt,strength,steps,subject
001,s3://input/boat.png,tiny,"a {subject}, calm",0.25,8,boat
002,s3://input/shoe.png,tiny,"a {subject}, calm",,9,007
"""


def refused(text: str, source: str, **given: Any) -> tuple[Problem, ...]:
    """What is wrong with a manifest of rows."""
    with pytest.raises(InvalidSpec) as invalid:
        parse_manifest(text, source=source, given=given)
    return invalid.value.problems


def test_each_line_of_jsonl_is_one_variant() -> None:
    sweep = Sweep(parse_manifest(JSONL, source="m.jsonl"))
    made = [(v.image.custom_id, v.image.name, v.parameters.prompt, v.parameters.strength) for v in sweep]
    assert made == [("first", "first", "a boat", 0.5), ("2/ü", "boat", "b", 0.25), ("c", "c", "d", 0.5)]
    assert sweep[0].parameters.seed == 7
    assert sweep.models == ("tiny",)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("ends", ["\n", "\r\n"], ids=["lf", "crlf"])
def test_each_line_of_csv_is_one_variant(delimiter: str, ends: str) -> None:
    text = "\ufeff" + CSV.replace("a {subject}, calm", "a {subject}").replace(",", delimiter).replace("\n", ends)
    sweep = Sweep(parse_manifest(text, source="m.csv"))
    made = [(v.image.custom_id, v.parameters.prompt, v.parameters.strength, v.parameters.steps) for v in sweep]
    assert made == [("001", "a boat", 0.25, 8), ("002", "a 007", 0.5, 9)]


def test_text_with_commas_and_line_ends_stays_one_cell() -> None:
    text = 'image,model,prompt\na.png,tiny,"a, ""b""\nc"\n'
    assert Sweep(parse_manifest(text, source="m.csv"))[0].parameters.prompt == 'a, "b"\nc'


def test_what_no_line_says_can_be_given() -> None:
    given = parse_given(["model=tiny", "strength=[0.2, 0.4]", "run.priority=background"])
    made = parse_manifest('{"image": "a.png", "prompt": "x"}\n{"image": "b.png", "prompt": "y"}', source="m.jsonl",
                          given=given)  # fmt: skip
    assert Sweep(made).count == 4
    assert made.run.priority.value == "background"


BAD = [
    ("m.jsonl", '{"image": "a.png", "model": "tiny", "prompt": "x"}\n{"image": "b.png", "model": "tiny"}',
     2, "images[1]", "has no prompt", "-S prompt=…"),
    ("m.jsonl", '{"image": "a.png", "model": "tiny", "prompt": "x", "strength": 2}', 1, "strength",
     "number from 0 to 1", ""),
    ("m.jsonl", '{"image": "a.png", "model": "tiny", "prompt": "x", "strength": [0.1]}', 1, "images[0].set.strength",
     "one value here", ""),
    ("m.jsonl", '{"image": "a.png", "model": "tiny", "prompt": "x"}\n\n{"image": }', 3, "(the document)",
     "not JSON", ""),
    ("m.jsonl", '{"a": 1}\n[1]', 2, "(the document)", "a line is an object", "prompt"),
    ("m.jsonl", '{"a": 1}\n{"a": 1, "a": 2}', 2, "(the document)", "written twice", "Keep one"),
    ("m.jsonl", '{"a": 1}\n{"a": NaN}', 2, "(the document)", "NaN", ""),
    ("m.jsonl", '{"a": 1}\n' + "[" * 9000, 2, "(the document)", "nested too deeply", ""),
    ("m.jsonl", '{"image": "a.png", "model": "tiny", "prompt": "x", "custom_id": "k"}\n' * 2, 2, "images[1].custom_id",
     "earlier image has this custom_id", "its own"),
    ("m.jsonl", '{"custom_id": "k", "body": {"custom_id": "k"}}', 1, "(the document)", "beside body and in it", ""),
    ("m.jsonl", '{"custom_id": "k", "body": 5}', 1, "(the document)", "body is an object", ""),
    ("m.jsonl", '{"model": "tiny", "prompt": "x"}', 1, "images[0].uri", "uri is missing", "lies"),
    ("m.jsonl", '{"image": "a.png", "uri": "b.png", "model": "tiny", "prompt": "x"}', 1, "images[0].image",
     "not a key", ""),
    ("m.jsonl", '{"image": "a.png", "model": "tiny", "prompt": "x", "sed": 5}', 1, "images[0].set.sed",
     "no prompt uses", "seed"),
    ("m.jsonl", "", 1, "(the document)", "empty", ""),
    ("m.csv", "image,image\na,b", 1, "(the document)", "each column, once", ""),
    ("m.csv", "image,model\na.png", 2, "(the document)", "has 1 cells, the first line names 2", "quotes"),
    ("m.csv", 'image,model,prompt\na.png,tiny,"x', 2, "(the document)", "not CSV", ""),
    ("m.csv", "image,model,prompt,steps\na.png,tiny,x,8\nb.png,tiny,x,eight", 3, "images[1].set.steps",
     "whole number", ""),
    ("m.csv", "image,model,prompt\na.png,tiny,a {b}", 2, "prompt", "nothing fills {b}", ""),
    ("m.csv", "", 1, "(the document)", "empty", ""),
]  # fmt: skip


@pytest.mark.parametrize(
    ("source", "text", "line", "path", "message", "remedy"), BAD, ids=[str(n) for n in range(len(BAD))]
)
def test_a_bad_line_is_refused_with_its_number(
    source: str, text: str, line: int, path: str, message: str, remedy: str
) -> None:
    found = [problem for problem in refused(text, source) if problem.path == path]
    assert found, refused(text, source)
    assert message in found[0].message
    assert remedy in found[0].remedy
    assert found[0].line == line


def test_rows_are_the_same_spec_when_they_are_written_as_a_manifest() -> None:
    for text, source in ((JSONL, "m.jsonl"), (CSV, "m.csv")):
        made = parse_manifest(text, source=source)
        again = parse_manifest(canonical_json(made), source="m.json")
        assert again == made
        assert list(Sweep(again)) == list(Sweep(made))


@pytest.mark.parametrize(("pair", "message"), [
    ("strength", "not KEY=VALUE"), ("=5", "not KEY=VALUE"), ("strength=[", "not YAML"), ("strength=!!x y", "tag"),
])  # fmt: skip
def test_a_key_that_is_given_badly_is_named(pair: str, message: str) -> None:
    with pytest.raises(InvalidSpec, match=message):
        parse_given([pair])


def test_a_given_key_takes_the_place_of_the_documents_in_both_forms() -> None:
    short = "images: [a.png]\nmodel: tiny\nprompt: x\nimage_strength: 0.2\nrun: {priority: urgent}\n"
    long = "apiVersion: pentimento/v1\nkind: Sweep\nspec:\n" + "".join(f"  {line}\n" for line in short.splitlines())
    given = parse_given(["strength=0.3", "run.max_failures=1%"])
    for text in (short, long):
        made = parse_manifest(text, source="m.yaml", given=given)
        assert made.fixed["strength"] == 0.3
        assert (made.run.priority.value, made.run.max_failures) == ("urgent", "1%")


LINES = """\
# a comment
a plain line with {braces}
--prompt "a boat" --negative_prompt "bad hands" --seed 7 --steps 20 --sampler_name "Euler a"
--prompt 'a house' --steps 20 --seed -1 --do_not_save_grid true
"""


def test_prompt_lines_become_an_axis_of_rows() -> None:
    document = import_prompts(LINES, source="prompts.txt", images=["a.png", "b.png"], model="tiny")
    sweep = Sweep(parse_spec(document))
    made = [(v.parameters.prompt, v.parameters.negative_prompt, v.parameters.steps) for v in sweep]
    rows = [("a plain line with {braces}", "", 30), ("a boat", "bad hands", 20), ("a house", "", 20)]
    assert made == rows * 2
    assert [v.parameters.sampler for v in sweep][:3] == ["dpmpp_2m", "euler_ancestral", "dpmpp_2m"]
    assert sweep[1].parameters.seed == 7
    assert len({v.parameters.seed for v in sweep}) == 3
    assert document == import_prompts(LINES, source="prompts.txt", images=["a.png", "b.png"], model="tiny")


@pytest.mark.parametrize(("line", "message"), [
    ('--prompt "a', "can't be read"), ("--steps 5", "has no --prompt"),
    ("--prompt a --stepz 5", "--stepz is not known"),
    ("", "no line holds a prompt"),
])  # fmt: skip
def test_a_bad_prompt_line_has_its_number(line: str, message: str) -> None:
    with pytest.raises(InvalidSpec) as invalid:
        import_prompts(f"\n{line}\n", source="p.txt", images=["a.png"], model="tiny")
    (found,) = invalid.value.problems
    assert message in found.message
    assert found.line == (2 if line else None)


def test_json_of_an_import_is_a_manifest() -> None:
    document = import_prompts("x\n--prompt y --seed 3", source="p", images=["a.png"], model="tiny")
    assert Sweep(parse_manifest(json.dumps(document), source="m.json")).count == 2


def test_what_only_some_prompt_lines_say_the_model_says_for_the_others() -> None:
    text = "x\n--prompt y --steps 9\n--prompt z --steps 7 --sd_model quick\n--prompt w --sd_model quick\n"
    suits = {"tiny": {"steps": 20}, "quick": {"steps": 4}}
    document = import_prompts(text, source="p", images=["a.png"], model="tiny", suits=lambda name: suits[name])

    assert [v.parameters.steps for v in Sweep(parse_spec(document))] == [20, 9, 7, 4]


def test_each_line_gets_what_suits_its_own_model() -> None:
    lines: list[dict[str, Any]] = [{"model": "tiny"}, {"model": "quick"}, {"model": "quick", "steps": 9}]
    text = "\n".join(json.dumps({"image": "a.png", "prompt": "x", **line}) for line in lines)
    suits = {"tiny": {"steps": 20}, "quick": {"steps": 4}}
    made = with_defaults(parse_manifest(text, source="m.jsonl"), lambda name: suits[name])

    assert [v.parameters.steps for v in Sweep(made)] == [20, 4, 9]


def test_a_mistake_of_every_line_is_told_once() -> None:
    lines = "".join(f"a{k}.png,x,0.4\n" for k in range(500))
    (column,) = refused(f"image,prompt,strenght\n{lines}", "m.csv", model="tiny")
    (model,) = refused(f"image,prompt,strength\n{lines}", "m.csv")

    assert (column.line, column.message) == (2, "no prompt uses {strenght}, which 500 images set")
    assert column.remedy.startswith("Did you mean strength?")
    assert (model.message, model.remedy) == ("no line says a model", "Add a column, or say it for all: -S model=…")


def test_what_is_given_takes_the_place_of_what_every_line_says_and_else_fills_in() -> None:
    text = "image,prompt,model,steps,strength\na.png,x,tiny,8,0.4\nb.png,y,tiny,9,\n"
    made = parse_manifest(
        text, source="m.csv", given=parse_given(["steps=5", "strength=0.7", "prompt=z", "model=sd15"])
    )

    found = [v.parameters for v in Sweep(made)]
    assert [(one.steps, one.strength, one.prompt, one.model) for one in found] == [
        (5, 0.4, "z", "sd15"), (5, 0.7, "z", "sd15")]  # fmt: skip
