"""Everything that is wrong is said at once, each with its place, value and remedy."""

import time
from typing import Any

import pytest

from jobs.errors import InvalidSpec
from jobs.spec import parse_spec
from tests.jobs.documents import LOOKS, document, problems

NAN = float("nan")
ENDLESS = float("inf")

BAD: list[tuple[dict[str, Any], str, str, str]] = [
    # changes, path, part of the message, part of the remedy
    ({"strenght": 0.5}, "strenght", "not a key here", "Did you mean strength?"),
    ({"imges": ["a.png"]}, "imges", "not a key here", "images"),
    ({"guidance_scale": 7}, "guidance_scale", "not a key here", "Write cfg_scale"),
    ({"zzz": 1}, "zzz", "not a key here", "Known are name, labels"),
    ({"webhook": "s3://bucket/key"}, "webhook", "not an http", "Use https"),
    ({"budget": {"images": 0}}, "budget.images", "whole number", ""),
    ({"extends": "j"}, "extends", "no job's id", "pentimento jobs"),
    ({"reroll": [{"steps": 3}], "steps": [1, 2]}, "reroll[0].steps", "no cell has this steps", "as it stands"),
    ({"loras": "crayon=2"}, "loras", "is no name:weight", "crayon:0.8"),
    ({"loras": "ink, ink:2"}, "loras", "named twice", ""),
    ({"loras": "ink:9"}, "loras", "at most ±4", ""),
    # Fields.
    ({"model": None}, "model", "missing", "alias"),
    ({"model": " "}, "model", "empty", ""),
    ({"prompt": None}, "prompt", "missing", ""),
    ({"prompt": 5}, "prompt", "text or a list", ""),
    ({"prompt": "x" * 10_001}, "prompt", "10001 characters", ""),
    ({"prompt": "a\x00b"}, "prompt", "U+0000", "Remove"),
    ({"prompt": "a\ud800"}, "prompt", "U+D800", "Remove"),
    ({"prompt": [{}]}, "prompt[0].text", "is text", ""),
    ({"prompt": [{"text": "a", "wieght": 1}]}, "prompt[0].wieght", "text and weight", ""),
    ({"prompt": [{"text": "a", "weight": NAN}]}, "prompt[0].weight", "number from -10 to 10", ""),
    ({"prompt": [{"text": "a"}, "b"]}, "prompt[1]", "plain text", "{text: …"),
    ({"prompt": ["a", {"text": "b"}]}, "prompt[1]", "text or a list", ""),
    ({"negative_prompt": 1}, "negative_prompt", "is text", "quotes"),
    ({"strength": -0.1}, "strength", "number from 0 to 1", ""),
    ({"strength": 1.1}, "strength", "number from 0 to 1", ""),
    ({"strength": NAN}, "strength", "number from 0 to 1", ""),
    ({"strength": "0.5"}, "strength", "number from 0 to 1", "without quotes"),
    ({"strength": True}, "strength", "number from 0 to 1", ""),
    ({"image_strength": 2}, "image_strength", "number from 0 to 1", ""),
    ({"strength": 0.5, "image_strength": 0.5}, "image_strength", "strength and image_strength", "Keep one"),
    ({"image_strength": 0.5, "step_schedule_start": 0.5}, "step_schedule_start", "image_strength and step", "Keep one"),
    ({"cfg_scale": ENDLESS}, "cfg_scale", "number from 0 to 50", ""),
    ({"steps": 0}, "steps", "whole number from 1 to 1000", ""),
    ({"steps": 2.5}, "steps", "whole number from 1 to 1000", ""),
    ({"steps": 10**400}, "steps", "whole number from 1 to 1000", ""),
    ({"width": 7}, "width", "whole number from 64 to 4096", ""),
    ({"height": 100_000}, "height", "whole number from 64 to 4096", ""),
    ({"fit": "crop"}, "fit", "one of cover, contain, stretch", ""),
    ({"sampler": "ddimm"}, "sampler", "no sampler is called", "Did you mean ddim?"),
    ({"sampler": 3}, "sampler", "is text", ""),
    ({"seed": -1}, "seed", "0 to 4294967295", ""),
    ({"seed": 2**64}, "seed", "0 to 4294967295", ""),
    ({"seed": {"policy": "random"}}, "seed.policy", "no way to make seeds", "per_variant"),
    ({"seed": {"policy": []}}, "seed.policy", "no way to make seeds", "per_variant"),
    ({"seed": {"base": 1.5}}, "seed.base", "whole number", ""),
    ({"seed": {"bass": 1}}, "seed.bass", "not a key here", "Did you mean base?"),
    ({"samples": 0}, "samples", "1 to 1000", ""),
    ({"samples": [1, 2]}, "samples", "not an axis", "seed: [1, 2, 3]"),
    # Images.
    ({"images": None}, "images", "missing", "List the init images"),
    ({"images": []}, "images", "empty sweep", "at least one"),
    ({"images": [{}]}, "images[0].uri", "uri is missing", "lies"),
    ({"images": [7]}, "images[0]", "a URI or", ""),
    ({"images": [""]}, "images[0]", "1 to 4096 characters", ""),
    ({"images": ["https://x.example/shoes/"]}, "images[0]", "no folders", "one by one"),
    ({"images": ["s3://bucket/x[z-a].png"]}, "images[0]", "bad character range", "[a-z]"),
    ({"images": ["s3://bucket/**/a/**/b/**/c"]}, "images[0]", "more than 2 `**`", "[a-z]"),
    ({"images": ["s3://Bucket/*.png"]}, "images[0]", "names no bucket", ""),
    ({"images": ["s3://bucket/../*.png"]}, "images[0]", "'..' segment", ""),
    ({"images": [{"uri": "s3://bucket/*.png", "name": "x"}]}, "images[0].uri", "stands for many", "Leave it out"),
    ({"images": [{"uri": "a.png", "sidecar": "prompt"}]}, "images[0].sidecar", "in folders only", "photos/"),
    ({"images": [{"uri": "s3://bucket/x/", "sidecar": "steps"}]}, "images[0].sidecar", "fills a text", "variable"),
    ({"images": [{"uri": "s3://bucket/x/", "sidecar": "caption"}]}, "images[0].sidecar", "no prompt uses", "{caption}"),
    ({"images": [{"table": "s3://bucket/t.jsonl", "uri": "a.png"}]}, "images[0].uri", "its images itself", ""),
    ({"images": ["s3://bucket/x/"], "prompt": "{y}"}, "prompt", "nothing fills {y}", ""),
    ({"images": [{"uri": "s3://bucket/x/", "set": {"y": "1"}}, "a.png"], "prompt": "{y}"}, "images[1]", "to fill {y}",
     "set"),
    ({"images": [{"uri": "a.png", "mask": "ftp://b"}]}, "images[0].mask", "no images are read", ""),
    ({"mask_feather": 300}, "mask_feather", "256", ""),
    ({"images": ["ftp://x.example/a.png"]}, "images[0]", "no images are read from ftp:", "s3"),
    ({"images": ["data:image/png;base64,AAAA"]}, "images[0]", "no images are read from data:", "s3"),
    ({"images": ["s3://bucket@evil/k.png"]}, "images[0]", "names no bucket", ""),
    ({"images": ["s3://bucket/../k.png"]}, "images[0]", "'..' segment", ""),
    ({"images": ["http://user:pass@x.example/a.png"]}, "images[0]", "has a user", ""),
    ({"images": ["upload://abc"]}, "images[0]", "64 lower-case hex", ""),
    ({"images": ["https://x.example/" + "a" * 5000]}, "images[0]", "1 to 4096 characters", ""),
    ({"images": [{"uri": "a.png", "name": "../x"}]}, "images[0].name", "no name for an image", "A-Z"),
    ({"images": [{"uri": "a.png", "name": "x", "id": "x"}]}, "images[0].id", "the same thing", "Keep one"),
    ({"images": ["a.png", {"uri": "b.png", "name": "A"}]}, "images[1].name", "earlier image", "another"),
    ({"images": [{"uri": "a.png", "set": {"strenght": 1}}]}, "images[0].set.strenght", "no prompt uses", "strength?"),
    ({"images": [{"uri": "a.png", "set": {"strength": [1]}}]}, "images[0].set.strength", "one value here", ""),
    ({"images": [{"uri": "a.png", "set": {"strength": 1, "image_strength": 0}}]}, "images[0].set.image_strength",
     "says again", "Keep one"),
    ({"images": [{"uri": "a.png", "set": {"steps": 3}}], "matrix": {"look": LOOKS}}, "images[0].set.steps",
     "moves together with sampler", "Set sampler too"),
    ({"images": ["a.png", {"uri": "b.png", "set": {"x": 1}}], "prompt": "{x}"}, "images[0]", "to fill {x}", "set: {x"),
    # Axes.
    ({"strength": []}, "strength", "empty axis", "leave it out"),
    ({"strength": [0.5, 0.5]}, "strength[1]", "repeats value 1", "samples"),
    ({"sampler": ["ddim", "SAMPLER_DDIM"]}, "sampler[1]", "repeats value 1", "samples"),
    ({"strength": [0.5, "x"]}, "strength[1]", "number from 0 to 1", ""),
    ({"strength": [0.5, None]}, "strength[1]", "number from 0 to 1", ""),
    ({"strength": {"range": [0, 1]}}, "strength.range", "[from, to, step]", ""),
    ({"strength": {"range": [0, 1, 0]}}, "strength.range", "step is 0", ""),
    ({"strength": {"range": [0, 2, 0.5]}}, "strength.range[1]", "number from 0 to 1", ""),
    ({"strength": {"range": [0, 1, 1e-9]}}, "strength.range", "1000000001 values", ""),
    ({"strength": {"range": [0, NAN, 1]}}, "strength.range", "three numbers", ""),
    ({"strength": {"range": [0, 1, 0.1], "linspace": [0, 1, 3]}}, "strength", "a range is", ""),
    ({"strength": {"rnage": [0, 1, 0.1]}}, "strength", "number from 0 to 1", ""),
    ({"steps": {"linspace": [1, 10, 4.5]}}, "steps.linspace", "[from, to, n]", ""),
    ({"steps": {"linspace": [1, 10, 3]}}, "steps.linspace", "whole numbers", ""),
    ({"sampler": {"range": [0, 1, 1]}}, "sampler", "no number", "list"),
    ({"matrix": []}, "matrix", "is a mapping", ""),
    ({"matrix": {"strenght": [0.1, 0.2]}}, "matrix.strenght", "no prompt uses {strenght}", "Did you mean strength?"),
    ({"matrix": {"mood": ["a", "b"]}}, "matrix.mood", "differ by their seeds only", "Write {mood} in the prompt"),
    ({"matrix": {"x y": ["a"]}}, 'matrix["x y"]', "letters, digits", ""),
    ({"matrix": {"index": [1]}, "prompt": "{index}"}, "matrix.index", "means something", "another"),
    ({"matrix": {"x": 5}, "prompt": "{x}"}, "matrix.x", "an axis is a list", ""),
    ({"matrix": {"x": [[1]]}, "prompt": "{x}"}, "matrix.x[0]", "must be text, a number", ""),
    ({"matrix": {"x": [1e300]}, "prompt": "{x}"}, "matrix.x[0]", "must be text, a number", ""),
    ({"matrix": {"x": [{"range": [1, 2, 1]}]}}, "matrix.x[0].range", "one value here", ""),
    ({"matrix": {"look": [{"steps": 1}, {"sampler": "ddim"}]}}, "matrix.look[0]", "not set sampler", "same fields"),
    ({"matrix": {"look": [{"steps": 1}, 5]}}, "matrix.look[1]", "is a mapping", ""),
    ({"matrix": {"look": [{}]}}, "matrix.look[0]", "is empty", ""),
    ({"matrix": {"look": [*LOOKS, LOOKS[0]]}}, "matrix.look[2]", "repeats value 1", "Remove"),
    ({"matrix": {"look": [{"steps": 1, "smapler": "a"}]}}, "matrix.look", "no prompt uses {smapler}", "sampler?"),
    ({"steps": [1, 2], "matrix": {"look": LOOKS}}, "matrix.look", "steps is moved by steps already", "one axis"),
    ({"matrix": {"a": LOOKS, "steps": [1, 2]}}, "matrix.steps", "moved by matrix.a already", "one axis"),
    ({"strength": [0.1], "matrix": {"image_strength": [0.1]}}, "matrix.image_strength", "moved by strength", ""),
    ({"strength": 0.5, "matrix": {"image_strength": [0.1, 0.2]}}, "matrix.image_strength", "has one value", "Keep"),
    # Prompts.
    ({"prompt": "{foo}"}, "prompt", "nothing fills {foo}", "add it to `matrix`"),
    ({"prompt": "{saeson}", "matrix": {"season": ["a"]}}, "prompt", "nothing fills {saeson}", "Did you mean {season}?"),
    ({"prompt": "{image_strength}", "image_strength": 0.5}, "prompt", "nothing fills", "{strength}"),
    ({"prompt": "{seed}"}, "prompt", "nothing fills {seed}", ""),
    ({"prompt": "{width}"}, "prompt", "nothing fills {width}", ""),
    ({"prompt": ["a", "{0.__class__}"]}, "prompt[1]", "not a variable", "twice"),
    ({"prompt": "a {b"}, "prompt", "lone {", "{{"),
    ({"prompt": "{red|red}"}, "prompt", "combinations of its alternatives are the same", "Take one"),
    ({"prompt": ["{a|b}", "b"]}, "prompt", "combinations of its alternatives are the same", "Take one"),
    ({"prompt": "{2$$red|blue}"}, "prompt", "a number of picks", "plain alternatives"),
    ({"prompt": "{red::0.5|0.5::blue}"}, "prompt", "a weight", "plain alternatives"),
    ({"prompt": "{a|b}" * 17}, "prompt", "131072 combinations", "`matrix`"),
    ({"prompt": "{b|" * 9 + "a" + "}" * 9}, "prompt", "too deeply", "8 levels"),
    ({"prompt": "{red|blue"}, "prompt", "lone {", "{{"),
    ({"prompt": "{red|{x}}"}, "prompt", "nothing fills {x}", "add it to `matrix`"),
    ({"images": [{"uri": "a.png", "set": {"prompt": "{a|b}"}}]}, "images[0].set.prompt", "no axis here", ""),
    ({"prompt": ["x", "y"], "include": [{"prompt": "{a|b}"}]}, "include[0].prompt", "no axis here", "`matrix`"),
    ({"prompt": None, "matrix": {"look": [{"prompt": "{a|a}", "steps": 2}]}}, "matrix.look", "two cells are",
     "Take one"),
    ({"prompt": [{"text": "a"}, {"text": "{x}"}]}, "prompt[1].text", "nothing fills {x}", ""),
    ({"prompt": "{{7*7}} {7*7}"}, "prompt", "not a variable", ""),
    ({"negative_prompt": "{x}"}, "negative_prompt", "nothing fills {x}", ""),
    ({"prompt": "{x}" * 11, "matrix": {"x": ["y" * 1000]}}, "prompt", "11000 characters once it is filled", "Shorten"),
    # Cells.
    ({"exclude": {"strength": 1}}, "exclude", "list of cells", ""),
    ({"exclude": [{}], "steps": [1, 2]}, "exclude[0]", "is empty", ""),
    ({"exclude": [{"setps": 1}], "steps": [1, 2]}, "exclude[0].setps", "called setps", "Did you mean steps?"),
    ({"exclude": [{"steps": 3}], "steps": [1, 2]}, "exclude[0].steps", "no cell has this steps", "the sweep: 1, 2"),
    ({"exclude": [{"image": "bb"}], "images": ["ab.png", "x.png"]}, "exclude[0].image", "no cell", "sweep: ab, x"),
    ({"reroll": [{"image": "bot"}], "images": ["a.png", "boat.png"]}, "reroll[0].image", "no cell", "mean boat?"),
    ({"exclude": [{"image": "b"}], "steps": [1, 2]}, "exclude[0].image", "no cell has this image", ""),
    ({"exclude": [{"steps": 1}, {"steps": 2}], "steps": [1, 2]}, "exclude", "excludes every cell", "Leave one"),
    ({"include": [{"steps": 3}], "steps": [1, 2], "strength": [0, 1]}, "include[0]", "not say strength", "every"),
    ({"include": [{"steps": 2}], "steps": [1, 2]}, "include[0]", "already", "Remove"),
    ({"include": [{"steps": 3, "mood": "x"}], "steps": [1, 2]}, "include[0].mood", "called mood", ""),
    # Output and run.
    ({"output": {"name": "../{index}"}}, "output.name", "segment", ""),
    ({"output": {"name": "/{index}"}}, "output.name", "empty", "{image}/{index}"),
    ({"output": {"name": "a//{index}"}}, "output.name", "empty", ""),
    ({"output": {"name": ".x{index}"}}, "output.name", "starts with a dot", ""),
    ({"output": {"name": "a b{index}"}}, "output.name", "not safe in a key", ""),
    ({"output": {"name": "{__class__}"}}, "output.name", "nothing is called __class__", ""),
    ({"output": {"name": "{imgae}"}}, "output.name", "nothing is called imgae", "Did you mean image?"),
    ({"output": {"name": "a/b/c/d/{index}"}}, "output.name", "5 segments", ""),
    ({"output": {"name": "x" * 2000}}, "output.name", "2000 characters", ""),
    ({"output": {"format": "gif"}}, "output.format", "no format", "Use png, webp, jpeg"),
    ({"output": {"sheet": "yes"}}, "output.sheet", "true or false", ""),
    ({"output": {"uri": "https://x.example/"}}, "output.uri", "", "s3://"),
    ({"output": {"uri": "s3://bucket/../x"}}, "output.uri", "'..' segment", ""),
    ({"output": {"uri": "s3://bucket/{caller}"}}, "output.uri", "not safe", "{job}"),
    ({"output": {"nmae": "x"}}, "output.nmae", "not a key here", "name"),
    ({"run": {"confirm_above": -1}}, "run.confirm_above", "whole number of pictures", ""),
    ({"run": {"priority": "high"}}, "run.priority", "no priority", "urgent"),
    ({"run": {"priority": ["urgent"]}}, "run.priority", "no priority", ""),
    ({"run": {"max_failures": "101%"}}, "run.max_failures", "a count, or a share", ""),
    ({"run": {"max_failures": -1}}, "run.max_failures", "a count, or a share", ""),
    ({"run": {"backend": "Up Stairs"}}, "run.backend", "no backend", "local"),
    ({"run": []}, "run", "is a mapping", ""),
    ({"labels": {"a": 1}}, "labels.a", "is text", "quotes"),
    ({"name": "a\r\nX: y"}, "name", "U+000D", ""),
    # The envelope.
    ({"apiVersion": "v2", "kind": "Sweep", "spec": {}}, "apiVersion", "must be pentimento/v1", "envelope"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "path", "message", "remedy"), BAD, ids=[f"{n}-{bad[1]}" for n, bad in enumerate(BAD)]
)
def test_a_bad_spec_is_refused_with_place_reason_and_remedy(
    changes: dict[str, Any], path: str, message: str, remedy: str
) -> None:
    found = [problem for problem in problems(document(**changes)) if problem.path == path]
    assert found, problems(document(**changes))
    assert message in found[0].message
    assert remedy in found[0].remedy
    assert len(found[0].value) <= 200


@pytest.mark.parametrize("changes", [bad[0] for bad in BAD if "apiVersion" not in bad[0]])
def test_one_mistake_is_one_problem(changes: dict[str, Any]) -> None:
    assert len(problems(document(**changes))) == 1


@pytest.mark.parametrize("data", [None, 5, "x", [], True, [1, {"a": 2}]])
def test_what_is_no_mapping_is_no_job(data: object) -> None:
    assert problems(data)[0].path == "(the document)"


def test_what_is_missing_because_it_is_misspelt_is_told_once() -> None:
    found = problems({"image": "a.png", "modl": "tiny", "promt": "a {boat}", "matrix": {"boat": ["red", "blue"]}})
    assert [(problem.path, problem.remedy) for problem in found] == [
        ("image", "Write images"), ("modl", "Did you mean model?"), ("promt", "Did you mean prompt?")]  # fmt: skip


def test_everything_is_said_at_once() -> None:
    found = problems({"imags": 1, "steps": 0, "strength": [], "output": {"format": "gif"}, "prompt": "{x}"})
    assert {problem.path for problem in found} == {
        "imags", "steps", "strength", "output.format", "model", "prompt"}  # fmt: skip


def test_the_error_counts_its_problems_and_names_its_source() -> None:
    with pytest.raises(InvalidSpec, match=r"^autumn.yaml has 2 problems: steps: .* \(got 0\)") as refused:
        parse_spec(document(steps=0, width=1), source="autumn.yaml")
    assert refused.value.source == "autumn.yaml"


def test_a_hundred_thousand_mistakes_are_told_soon_and_counted() -> None:
    started = time.process_time()
    found = problems(document(images=[f"ftp://x.example/{k}" for k in range(20_000)], sampler=["ddimm"] * 20_000))
    assert time.process_time() - started < 3
    assert len(found) == 101
    assert "more problems" in found[-1].message


def test_a_job_of_more_variants_than_the_ledger_has_bits_is_refused_by_its_count() -> None:
    axis = {"linspace": [0, 1, 1_000_000]}
    (found,) = problems(document(strength=axis, matrix={"x": {"range": [1, 1_000_000, 1]}}, prompt="{x}"))
    assert "1000000000000 variants" in found.message


def test_many_axes_times_many_images_are_refused_soon() -> None:
    started = time.process_time()
    images = [{"uri": f"{k}.png", "set": {f"v{k}": 1}} for k in range(10_000)]
    axes = {f"a{k}": [{f"x{k}": 1, f"y{k}": 1}] for k in range(10_000)}
    found = problems(document(images=images, matrix=axes, prompt="".join(f"{{v{k}}}" for k in range(1200))))
    assert time.process_time() - started < 3
    assert any("10000 axes, at most 100" in problem.message for problem in found)


def test_secrets_in_addresses_are_not_repeated() -> None:
    found = problems(document(images=["http://anna:hunter2@x.example/a.png?X-Amz-Signature=abc"]))
    assert "hunter2" not in str(found)
    assert "abc" not in str(found)


def test_the_long_form_puts_problems_where_they_stand() -> None:
    found = problems(
        {
            "apiVersion": "pentimento/v1",
            "kind": "Sweep",
            "metadata": {"name": "x", "label": {}},
            "spec": document(steps=0, name="y"),
        }
    )
    assert [problem.path for problem in found] == ["metadata.label", "spec.name", "spec.steps"]
    assert found[0].remedy == "Did you mean labels?"
