"""Manifests as people write them: how many pictures each makes, what some of them are, what is said of bad ones."""

from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.errors import InvalidSpec
from jobs.manifest import parse_manifest
from jobs.spec import parse_spec
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
]  # fmt: skip


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
    ("prompt: x\nsteps: 5\nmatrix:\n  steps: [5, 6]", 6, "matrix.steps", "Keep the axis or the single value"),
    ("prompt: x\nsteps: [1, 2]\nexclude:\n  - {steps: 3}", 6, "exclude[0].steps", "Write a value as it stands"),
    ("prompt: x\nsteps: [1, 2]\nstrength: [0, 1]\ninclude:\n  - {steps: 3}", 7, "include[0]",
     "Give it a value for every axis that has more than one"),
    ("prompt: x\nsampler: ddimm", 4, "sampler", "Did you mean ddim?"),
    ("prompt: x\nrun:\n  priority: high", 5, "run.priority", ""),
    ("prompt: x\noutput:\n  name: '../{index}'", 5, "output.name", ""),
    ("prompt: x\nextends: abc", 4, "extends", "Write an id as `pentimento jobs` shows it"),
    ("prompt: x\nseed: {policy: random}", 4, "seed.policy", "Use per_variant, per_image or fixed"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "line", "path", "remedy"), BAD, ids=[bad[0] for bad in BAD])
def test_a_bad_manifest_is_told_with_line_path_and_remedy(text: str, line: int, path: str, remedy: str) -> None:
    with pytest.raises(InvalidSpec) as invalid:
        parse_manifest(HEAD + text + "\n", source="m.yaml")
    found = [problem for problem in invalid.value.problems if problem.path == path]
    assert found, invalid.value.problems
    assert found[0].line == line
    assert remedy in found[0].remedy


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
