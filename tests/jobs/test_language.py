"""Manifests as people write them: how many pictures each makes, what some of them are, what is said of bad ones."""

from dataclasses import replace
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.errors import InvalidSpec
from jobs.manifest import parse_manifest
from jobs.spec import ImageSpec, parse_spec
from jobs.sweep import Sweep

HEAD = "images: [a.png]\nmodel: tiny\n"

GOOD: list[tuple[str, int, dict[int, str]]] = [
    # text after HEAD, pictures, and of some positions: "prompt | strength | steps | sampler | seed or -"
    ("prompt: x", 1, {0: "x | 0.5 | 30 | dpmpp_2m"}),
    ("prompt: x\nimage_strength: 0.35", 1, {0: "x | 0.65 | 30 | dpmpp_2m"}),
    ("prompt: x\nstep_schedule_start: 0.35\nsampler: SAMPLER_K_EULER", 1, {0: "x | 0.35 | 30 | euler"}),
    ("prompt: x\nstrength: [0.2, 0.4]\nsteps: [5, 6]", 4, {1: "x | 0.2 | 6 | dpmpp_2m", 2: "x | 0.4 | 5 | dpmpp_2m"}),
    ("prompt: x\nsteps: [5, 6]\nstrength: [0.2, 0.4]", 4, {1: "x | 0.4 | 5 | dpmpp_2m"}),
    ("prompt: x\nstrength: {range: [0.1, 0.7, 0.2]}", 4, {3: "x | 0.7 | 30 | dpmpp_2m"}),
    ("prompt: x\nstrength: {linspace: [0, 1, 3]}", 3, {1: "x | 0.5 | 30 | dpmpp_2m"}),
    ("prompt: x\nsteps: {range: [9, 3, -3]}", 3, {2: "x | 0.5 | 3 | dpmpp_2m"}),
    ("prompt: [x, y]", 2, {1: "y | 0.5 | 30 | dpmpp_2m"}),
    ("prompt: 'a {red|blue} boat'", 2, {1: "a blue boat | 0.5 | 30 | dpmpp_2m"}),
    ("prompt: '{a|b {c|d}}'\nstrength: [0.1, 0.2]", 6, {5: "b d | 0.2 | 30 | dpmpp_2m"}),
    ("prompt: '{{x}} {v}'\nmatrix: {v: [1, 2.50, yes]}", 3, {1: "{x} 2.5 | 0.5 | 30 | dpmpp_2m",
                                                           2: "{x} yes | 0.5 | 30 | dpmpp_2m"}),
    ("prompt: [{text: x}, {text: y, weight: -0.5}]", 1, {0: "x | y:-0.5 | 0.5 | 30 | dpmpp_2m"}),
    ("prompt: >-\n  two\n  lines\nsteps: 0x10", 1, {0: "two lines | 0.5 | 16 | dpmpp_2m"}),
    ("prompt: x\nmatrix:\n  look:\n    - {sampler: ddim, steps: 50}\n    - {sampler: euler, steps: 30}", 2,
     {0: "x | 0.5 | 50 | ddim", 1: "x | 0.5 | 30 | euler"}),
    ("prompt: x\nsteps: [5, 6, 7]\nexclude: [{steps: 6}]", 2, {2: "x | 0.5 | 7 | dpmpp_2m"}),
    ("prompt: ['{a|b}', c]\nexclude: [{prompt: b}]", 2, {2: "c | 0.5 | 30 | dpmpp_2m"}),
    ("prompt: '{s}'\nmatrix: {s: [spring, autumn]}\ninclude: [{s: winter, strength: 0.2}]", 3,
     {2: "winter | 0.2 | 30 | dpmpp_2m"}),
    ("prompt: x\nsamples: 3\nseed: 7", 3, {0: "x | 0.5 | 30 | dpmpp_2m | 7", 2: "x | 0.5 | 30 | dpmpp_2m | 9"}),
    ("prompt: x\nseed: [5, 9]", 2, {1: "x | 0.5 | 30 | dpmpp_2m | 9"}),
    ("prompt: &p x\nnegative_prompt: *p", 1, {0: "x | 0.5 | 30 | dpmpp_2m"}),
    ("prompt: \U0001f600 שלום", 1, {0: "\U0001f600 שלום | 0.5 | 30 | dpmpp_2m"}),
    ("prompt: x\nsteps: 5\nmatrix: {steps: [6, 7]}", 2, {0: "x | 0.5 | 6 | dpmpp_2m", 1: "x | 0.5 | 7 | dpmpp_2m"}),
    ("prompt: x\nsampler: ddim\nsteps: 9\nmatrix: {look: [{sampler: euler, steps: 7}, {sampler: heun, steps: 8}]}", 2,
     {1: "x | 0.5 | 8 | heun"}),
    ("prompt: x\nsampler: [k_euler, SAMPLER_DDIM, 'Euler a', DPMSolverMultistepScheduler]", 4,
     {0: "x | 0.5 | 30 | euler", 1: "x | 0.5 | 30 | ddim", 2: "x | 0.5 | 30 | euler_ancestral",
      3: "x | 0.5 | 30 | dpmpp_2m"}),
    ("prompt: x\nimage_strength: [0.35, 0.9]", 2, {0: "x | 0.65 | 30", 1: "x | 0.1 | 30"}),
    ("prompt: x\nimage_strength: {linspace: [0, 1, 5]}", 5, {1: "x | 0.75 | 30", 4: "x | 0 | 30"}),
    ("prompt: x\nstrength: {range: [0.7, 0.1, -0.3]}", 3, {1: "x | 0.4 | 30", 2: "x | 0.1 | 30"}),
    ("prompt: x\nsteps: {linspace: [10, 30, 3]}", 3, {1: "x | 0.5 | 20"}),
    ("prompt: x\nseed: {policy: fixed, base: 4}\nsamples: 2", 2,
     {0: "x | 0.5 | 30 | dpmpp_2m | 4", 1: "x | 0.5 | 30 | dpmpp_2m | 5"}),
    ("prompt: x\nseed: 4294967295\nsamples: 2", 2, {1: "x | 0.5 | 30 | dpmpp_2m | 0"}),
    ("prompt: '{a|b} {c|d|e}'", 6, {0: "a c | 0.5", 2: "a e | 0.5", 3: "b c | 0.5"}),
    ("prompt: '{a|}x'", 2, {0: "ax | 0.5", 1: "x | 0.5"}),
    ("prompt: x\nnegative_prompt: ['{fog|rain}', snow]", 3, {2: "x | 0.5"}),
    ("prompt: [{text: '{a|b}', weight: 2}, {text: y}]", 2, {1: "b:2 | y | 0.5"}),
    ("prompt: [[{text: x, weight: 2}], [{text: y, weight: 3}]]", 2, {1: "y:3 | 0.5"}),
    ("prompt: '{who} in {where}'\nmatrix: {who: [Ann, Bo], where: [Rome, Oslo]}\nexclude: [{who: Bo, where: Rome}]",
     3, {0: "Ann in Rome", 3: "Bo in Oslo"}),
    ("prompt: '{v}'\nmatrix: {v: [a, b, c, d]}\nexclude: [{v: a}, {v: c}]", 2, {1: "b | 0.5", 3: "d | 0.5"}),
    ("prompt: '{v}'\nmatrix: {v: [a, b]}\nsteps: [1, 2]\nsamples: 2\nexclude: [{v: a}]", 4, {2: "b | 0.5 | 1"}),
    ("prompt: '{v}'\nmatrix: {v: [a, b]}\nexclude: [{v: a}]\ninclude: [{v: a, steps: 9}]", 2, {2: "a | 0.5 | 9"}),
    ("prompt: 'a {steps} step {sampler}'\nsteps: [8, 9]", 2, {1: "a 9 step dpmpp_2m | 0.5 | 9"}),
    ("prompt: '{v}'\nmatrix: {v: {range: [1, 9, 4]}}", 3, {2: "9 | 0.5"}),
    ("prompt: '{v}'\nmatrix: {v: {linspace: [0, 1, 3]}}", 3, {1: "0.5 | 0.5"}),
    ("prompt: '{v}'\nmatrix: {v: [true, 1, '1.0', 0o7]}", 4, {0: "true | 0.5", 1: "1 | 0.5", 2: "1.0 | 0.5"}),
    ("prompt: x\nwidth: [64, 128]\nheight: 64\nfit: [cover, contain, stretch]", 6, {0: "x | 0.5 | 30"}),
    ("prompt: x\nclip_skip: [0, 1]\nstep_schedule_end: 0.1\ncfg_scale: [1, 7.5]", 4, {3: "x | 0.5 | 30"}),
    ("prompt: x\nmask: m.png\nmask_feather: [0, 8]", 2, {0: "x | 0.5 | 30"}),
    ("prompt: x\nrun: {priority: background, max_failures: 1%, backend: upstairs}\nbudget: {images: 9}", 1, {}),
    ("prompt: x\noutput: {name: '{image}/{sampler}-{index}', format: webp, sheet: false}\nsampler: [ddim, euler]", 2,
     {}),
    ("prompt: x\nreroll: [{steps: 6}]\nsteps: [5, 6]\nseed: {base: 1}", 2, {1: "x | 0.5 | 6"}),
    ("prompt: a {v}\nmatrix: {v: [boat]}\nstyle_preset: ['', ' Isometric']", 2,
     {0: "a boat | 0.5", 1: "isometric view of a boat, parallel projection, tidy geometry, soft shadows | 0.5"}),
    (("prompt: [{text: x, weight: 2}, {text: y, weight: -1}]\nstyle_preset: mine\n"
     "style_presets: {Mine: {prompt: 'my {prompt}'}}"), 1, {0: "my x:2 | y:-1 | 0.5"}),
    ("prompt: 'say {{a}} or {{b|c}}'", 1, {0: "say {a} or {b|c} | 0.5"}),
    ('# only words\nprompt: "two\\nlines"', 1, {0: "two\nlines | 0.5"}),
]  # fmt: skip


WHOLE: list[tuple[str, str, int, dict[int, str]]] = [
    # what the file is called, all of it, pictures, and some of them as above
    ("m.yaml", "images: {uri: a.png, set: {s: boot}}\nmodel: tiny\nprompt: '{s}'", 1, {0: "boot | 0.5"}),
    ("m.yaml", "images: [a.png, {uri: b.png, set: {strength: 0.9}}]\nmodel: tiny\nprompt: x\nstrength: [0.2, 0.4]", 3,
     {0: "x | 0.2", 1: "x | 0.4", 2: "x | 0.9"}),
    ("m.yaml", "images: [{uri: a.png, set: {s: own}}, b.png]\nmodel: tiny\nprompt: '{s}'\nmatrix: {s: [p, q]}", 3,
     {0: "own | 0.5", 3: "q | 0.5"}),
    ("m.yaml", "images: [a.png, a.png]\nmodel: [tiny, sdxl]\nprompt: x", 4, {}),
    ("m.yaml", ("images: [a.png, {uri: b.png, id: bb}]\nmodel: tiny\nprompt: x\nsteps: [1, 2]\n"
     "exclude: [{image: bb, steps: 1}]"), 3, {3: "x | 0.5 | 2"}),
    ("m.yaml", "images: [a.png, b.png]\nmodel: tiny\nprompt: x\nsteps: [1, 2]\ninclude: [{steps: 9}]\nsamples: 2", 12,
     {4: "x | 0.5 | 9", 10: "x | 0.5 | 9"}),
    ("m.yaml", ("apiVersion: pentimento/v1\nkind: Sweep\nmetadata: {name: n, labels: {}}\nspec:\n  images: [a.png]\n"
     "  model: tiny\n  prompt: '{x|y}'"), 2, {1: "y | 0.5"}),
    ("m.json", '{"images": ["a.png"], "model": "tiny", "prompt": ["x", "y"], "strength": {"range": [0, 1, 0.5]}}', 6,
     {5: "y | 1 | 30"}),
    ("stdin", '  {"images": ["a.png"], "model": "tiny", "prompt": "\\u0061"}', 1, {0: "a | 0.5"}),
    ("m.jsonl", ('{"image": "a.png", "model": "tiny", "prompt": "x"}\n{"image": "b.png", "model": "tiny", '
     '"prompt": "y", "sampler": "k_heun"}'), 2, {0: "x | 0.5 | 30 | dpmpp_2m", 1: "y | 0.5 | 30 | heun"}),
    ("m.ndjson", '{"custom_id": "k", "body": {"image": "a","model": "tiny", "prompt": "x", "image_strength": 0.25}}', 1,
     {0: "x | 0.75 | 30"}),
    ("m.csv", "image,model,prompt,steps,s\na.png,tiny,{s} boat,5,red\nb.png,tiny,{s} boat,,blue\n", 2,
     {0: "red boat | 0.5 | 5", 1: "blue boat | 0.5 | 30"}),
    ("m.tsv", "image\tmodel\tprompt\tseed\na.png\ttiny\tx, y\t7\n", 1, {0: "x, y | 0.5 | 30 | dpmpp_2m | 7"}),
]  # fmt: skip


@pytest.mark.parametrize(("source", "text", "count", "looked_at"), WHOLE, ids=[f"{w[0]} {w[1][:60]}" for w in WHOLE])
def test_a_whole_file_makes_these_pictures(source: str, text: str, count: int, looked_at: dict[int, str]) -> None:
    sweep = Sweep(parse_manifest(text, source=source))
    assert sweep.count == count
    for index, said in looked_at.items():
        p = sweep[index].parameters
        assert f"{p.prompt} | {p.strength:g} | {p.steps} | {p.sampler} | {p.seed}".startswith(said)


EVERYTHING = """\
name: autumn-catalogue
images:
  - {uri: s3://catalogue/shoes/*.png, set: {subject: shoe}}
  - uri: https://example.org/boot.jpg
    mask: s3://catalogue/masks/boot.png
    set: {subject: hiking boot, strength: 0.3}
  - table: s3://catalogue/extra.jsonl
model: sdxl
prompt: "crayon drawing of a {subject}, {season}"
negative_prompt: blurry
strength: [0.35, 0.5, 0.65]
cfg_scale: {range: [5, 9, 2]}
sampler: dpmpp_2m
steps: 30
matrix:
  season: [spring, autumn]
  look:
    - {sampler: ddim, steps: 50}
    - {sampler: euler, steps: 30}
exclude: [{strength: 0.65, season: spring}]
include: [{season: winter, strength: 0.2, cfg_scale: 7, sampler: ddim, steps: 50}]
seed: {policy: per_variant, base: 121245125}
samples: 2
output: {uri: "s3://out/{job}/", name: "{image}/{season}-{strength}-{index}", format: png, sheet: true}
run: {priority: background, max_failures: 1%, backend: local}
budget: {images: 200000}
webhook: https://example.org/hooks/pentimento
"""


def test_everything_at_once_is_one_manifest() -> None:
    spec = parse_manifest(EVERYTHING, source="m.yaml")
    _, boot, _ = spec.images
    sweep = Sweep(spec, (replace(boot, name="boot"), ImageSpec("s3://catalogue/shoes/a.png", "a", {"subject": "shoe"})))

    assert sweep.span == (3 * 3 * 2 * 2 + 1) * 2
    # The boot's own strength takes that axis away; of the shoe a sixth is excluded; the winter is one cell of each.
    assert [sweep.variants_of(image) for image in sweep.images] == [(3 * 2 * 2 + 1) * 2, (30 + 1) * 2]
    assert sweep[sweep.span - 1].parameters.prompt == "crayon drawing of a hiking boot, winter"
    assert sweep[0].mask == "s3://catalogue/masks/boot.png"


@pytest.mark.parametrize("ends", ["\n", "\r\n"], ids=["lf", "crlf"])
@pytest.mark.parametrize(("text", "count", "looked_at"), GOOD, ids=[good[0] for good in GOOD])
def test_a_manifest_makes_these_pictures(text: str, count: int, looked_at: dict[int, str], ends: str) -> None:
    sweep = Sweep(parse_manifest((HEAD + text + "\n").replace("\n", ends), source="m.yaml"))
    assert sweep.count == count
    for index, said in looked_at.items():
        p = sweep[index].parameters
        assert f"{p.prompt} | {p.strength:g} | {p.steps} | {p.sampler} | {p.seed}".startswith(said)


BAD: list[tuple[str, int, str, str]] = [
    # text after HEAD, the line of the problem, its path, its remedy
    ("prompt: x\nstrenght: 0.3", 4, "strenght", "Did you mean strength?"),
    ("prompt: x\nguidance_scale: 7", 4, "guidance_scale", "Write cfg_scale"),
    ("prompt: x\nstrength: 0.3\nimage_strength: 0.3", 5, "image_strength", "Keep one of them"),
    ("prompt: x\nstrength:\n  - 0.3\n  - 1.3", 6, "strength[1]", ""),
    ("prompt: x\nstrength: '0.3'", 4, "strength", "Write it without quotes"),
    ("prompt: x {y}", 3, "prompt", "Known are none yet; add it to `matrix`"),
    ("prompt: x {saeson}\nmatrix:\n  season: [a]", 3, "prompt", "Did you mean {season}?"),
    ("prompt: '{a|a}'", 3, "prompt", "Take one of the alternatives out"),
    ("prompt: x\nmatrix:\n  mood: [a, b]", 5, "matrix.mood", "rite {mood} in the prompt, or remove it"),
    ("prompt: x\nmatrix:\n  look:\n    - {sampler: ddim, steps: 5}\n    - {sampler: euler}", 7, "matrix.look[1]",
     "Let every object of an axis set the same fields"),
    ("prompt: x\nstrength: 0.5\nmatrix:\n  image_strength: [0.1, 0.2]", 6, "matrix.image_strength",
     "Keep the axis or the single value"),
    ("prompt: x\nsteps: [1, 2]\nexclude:\n  - {steps: 3}", 6, "exclude[0].steps", "Write a value as it stands"),
    ("prompt: x\nsteps: [1, 2]\nstrength: [0, 1]\ninclude:\n  - {steps: 3}", 7, "include[0]",
     "Give it a value for every axis that has more than one"),
    ("prompt: x\nsampler: ddimm", 4, "sampler", "Did you mean ddim?"),
    ("prompt: x\nrun:\n  priority: high", 5, "run.priority", ""),
    ("prompt: x\noutput:\n  name: '../{index}'", 5, "output.name", ""),
    ("prompt: x\nextends: abc", 4, "extends", "Write an id as `pentimento jobs` shows it"),
    ("prompt: x\nseed: {policy: random}", 4, "seed.policy", "Use per_variant, per_image or fixed"),
    ("prompt: x\nimges: [b.png]", 4, "imges", "images"),
    ("prompt: x\nscheduler: ddim", 4, "scheduler", "Write sampler"),
    ("prompt: x\nn: 4", 4, "n", "Write samples"),
    ("prompt: x\npriority: urgent", 4, "priority", "Write run.priority"),
    ("prompt: x\nsteps: 0", 4, "steps", ""),
    ("prompt: x\nsteps: [5, 6, 5]", 4, "steps[2]", "Remove it"),
    ("prompt: x\nsamples:\n  - 1\n  - 2", 4, "samples", "seed: [1, 2, 3]"),
    ("prompt: x\nstrength:\n  range: [0, 1]", 5, "strength.range", ""),
    ("prompt: x\nsampler: {range: [1, 2, 1]}", 4, "sampler", "Write a list"),
    ("prompt: x\nseed: 1\nsamples: 2000", 5, "samples", ""),
    ("prompt:\n  - {text: x}\n  - y", 5, "prompt[1]", "Write {text: …, weight: 1}"),
    ("prompt: '{2$$a|b}'", 3, "prompt", "Write plain alternatives"),
    ("prompt: 'a {b'", 3, "prompt", "{{"),
    ("prompt: x\nmatrix:\n  strenght: [1, 2]", 5, "matrix.strenght", "Did you mean strength?"),
    ("prompt: '{i}'\nmatrix:\n  i: [1]\n  index: [1, 2]", 6, "matrix.index", "Choose another word"),
    ("prompt: x\nsteps: [1, 2]\nmatrix:\n  look:\n    - {steps: 5, fit: cover}", 6, "matrix.look",
     "Let one axis move it"),
    ("prompt: x\nsteps: [1, 2]\nexclude:\n  - {setps: 1}", 6, "exclude[0].setps", "Did you mean steps?"),
    ("prompt: x\nsteps: [1, 2]\nexclude:\n  - {steps: 1}\n  - {steps: 2}", 5, "exclude", "Leave one"),
    ("prompt: x\nsteps: [1, 2]\ninclude:\n  - {steps: 2}", 6, "include[0]", "Remove it"),
    ("prompt: x\nsteps: 3\nreroll:\n  - {steps: 4}", 6, "reroll[0].steps", "Write a value as it stands"),
    ("prompt: x\nreroll:\n  - {steps: 30}", 5, "reroll[0].steps", "Write steps in the manifest, or name the model"),
    ("prompt: x\nmodel_defaults:\n  tiny: {prompt: y}", 5, "model_defaults.tiny.prompt", "Known are cfg_scale"),
    ("prompt: x\nmodel_defaults:\n  tiny: {setps: 3}", 5, "model_defaults.tiny.setps", "Did you mean steps?"),
    ("prompt: x\nmodel_defaults:\n  tiny: {steps: [3, 4]}", 5, "model_defaults.tiny.steps", ""),
    ("prompt: x\nmodel_defaults:\n  tiny: {}", 5, "model_defaults.tiny", "Name a field"),
    ("prompt: x\nmodel_defaults:\n  tinny: {steps: 3}", 5, "model_defaults.tinny", "Did you mean tiny?"),
    ("prompt: x\nmodel_defaults: sdxl", 4, "model_defaults", ""),
    ("prompt: x\ndefaults: {steps: 3}", 4, "defaults", "Write model_defaults"),
    ("prompt: x\noutput:\n  name: '{imgae}'", 5, "output.name", "Did you mean image?"),
    ("prompt: x\noutput:\n  format: gif", 5, "output.format", "Use png, webp, jpeg"),
    ("prompt: x\noutput:\n  uri: https://x.example/", 5, "output.uri", "s3://"),
    ("prompt: x\nlabels:\n  a: 1", 5, "labels.a", "quotes"),
    ("prompt: x\nbudget:\n  images: 0", 5, "budget.images", ""),
    ("prompt: x\nwebhook: s3://bucket/key", 4, "webhook", "Use https"),
    ("prompt: x\nrun:\n  backend: Up Stairs", 5, "run.backend", "local"),
    ("prompt: x\nloras: []", 4, "loras", ""),
    ("prompt: x\nstyle: anime", 4, "style", "Write style_preset"),
    ("prompt: x\nstyle_presets:\n  mine: {prompt: no slot}", 5, "style_presets.mine", "a woodcut of {prompt}"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "line", "path", "remedy"), BAD, ids=[bad[0] for bad in BAD])
def test_a_bad_manifest_is_told_with_line_path_and_remedy(text: str, line: int, path: str, remedy: str) -> None:
    with pytest.raises(InvalidSpec) as invalid:
        parse_manifest(HEAD + text + "\n", source="m.yaml")
    found = [problem for problem in invalid.value.problems if problem.path == path]
    assert found, invalid.value.problems
    assert found[0].line == line
    assert remedy in found[0].remedy


def test_the_tables_are_of_eighty_manifests_at_least() -> None:
    assert len(GOOD) + len(WHOLE) >= 40
    assert len(BAD) >= 40
    assert len({good[0] for good in GOOD}) + len({whole[1] for whole in WHOLE}) + len({bad[0] for bad in BAD}) >= 100


AXES: dict[str, list[Any]] = {
    "strength": [0.1, 0.2, 0.3], "steps": [4, 5, 6], "sampler": ["ddim", "euler"], "v": ["p", "q", 7], "w": ["r", True]
}  # fmt: skip


@st.composite
def sweeps(draw: st.DrawFn) -> tuple[dict[str, Any], set[tuple[object, ...]]]:
    """A document, and the cells that it should make, multiplied out by hand."""
    axes = {name: values[: draw(st.integers(1, len(values)))] for name, values in AXES.items() if draw(st.booleans())}
    images = [{"uri": f"{k}.png", "name": f"n{k}"} for k in range(draw(st.integers(1, 3)))]
    fixed: dict[str, Any] = {"strength": 0.5, "steps": 30, "sampler": "dpmpp_2m", "v": None, "w": None}
    own: dict[str, Any] = {name: value for name, value in {"strength": 0.9, "steps": 9, "v": "own"}.items()
                           if draw(st.booleans()) and (name != "v" or "v" in axes)}  # fmt: skip
    chosen = [name for name in axes if draw(st.booleans())][:2]
    exclude = [{name: draw(st.sampled_from(axes[name])) for name in chosen}] if chosen else []
    prompt = "".join(f"{{{name}}}" for name in ("v", "w") if name in axes) or "x"
    document: dict[str, Any] = {"model": "tiny", "prompt": prompt, "exclude": exclude}
    document["images"] = [{**image, "set": own} if own and image is images[-1] else image for image in images]
    document["matrix"] = axes
    cells = set()
    for image in images:
        for values in product(*axes.values()):
            cell = {**fixed, **dict(zip(axes, values, strict=True)), **(own if image is images[-1] else {})}
            if not any(all(cell[name] == value for name, value in pattern.items()) for pattern in exclude):
                cells.add((image["name"], *(cell[name] for name in ("strength", "steps", "sampler", "v", "w"))))
    return document, cells


@given(sweeps())
@settings(max_examples=150, deadline=None)
def test_a_sweep_is_what_multiplying_it_out_by_hand_gives(made: tuple[dict[str, Any], set[tuple[object, ...]]]) -> None:
    document, cells = made
    try:
        sweep = Sweep(parse_spec({key: value for key, value in document.items() if value}))
    except InvalidSpec:
        assert not cells
        return
    found = [
        (v.image.name, v.parameters.strength, v.parameters.steps, v.parameters.sampler,
         v.coordinates.get("v"), v.coordinates.get("w")) for v in sweep
    ]  # fmt: skip
    assert len(found) == len(set(found)) == sweep.count == len(cells)
    assert set(found) == cells
