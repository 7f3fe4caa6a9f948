"""What a job leaves out, its model knows; what it says, it gets; and a frozen spec says everything."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.errors import InvalidSpec, UnknownModel
from jobs.model_entry import Defaults
from jobs.models import ModelTable
from jobs.spec import JobSpec, canonical_json, left_out, parse_spec, with_defaults
from jobs.spec.fields import BY_MODEL, FIELDS
from jobs.sweep import Sweep
from jobs.variant import Parameters, Scalar
from tests.jobs.documents import spec

TABLE: Mapping[str, Mapping[str, Scalar]] = {
    "tiny": {"cfg_scale": 2.0, "sampler": "ddim", "steps": 20, "strength": 0.6},
    "quick": {"cfg_scale": 1.0, "sampler": "lcm", "steps": 4},
    "plain": {},
}
LANGUAGE = {name: FIELDS[name].default for name in BY_MODEL}


def suits(name: str) -> Mapping[str, Scalar]:
    """A model table's answer."""
    return TABLE[name]


def resolved(**changes: Any) -> JobSpec:
    """The spec of `document(**changes)` with its models' defaults."""
    return with_defaults(spec(**changes), suits)


def asked(sweep: Sweep) -> list[Parameters]:
    """What each of its variants asks for."""
    return [variant.parameters for variant in sweep]


def four(parameters: Parameters) -> tuple[Scalar, ...]:
    """The fields that a model may have defaults for."""
    return (parameters.cfg_scale, parameters.sampler, parameters.steps, parameters.strength)


def test_what_a_job_leaves_out_is_its_models() -> None:
    (made,) = asked(Sweep(resolved()))
    assert four(made) == (2.0, "ddim", 20, 0.6)


def test_what_neither_says_is_the_languages() -> None:
    (quick,) = asked(Sweep(resolved(model="quick")))
    (plain,) = asked(Sweep(resolved(model="plain")))

    assert four(quick) == (1.0, "lcm", 4, 0.5)
    assert four(plain) == (7.0, "dpmpp_2m", 30, 0.5)


@pytest.mark.parametrize(
    "said",
    [
        {"cfg_scale": 7.0, "sampler": "dpmpp_2m", "steps": 30, "strength": 0.5},
        {"matrix": {"look": [{"cfg_scale": 7, "sampler": "DPM++ 2M", "steps": 30, "image_strength": 0.5}]}},
        {"images": [{"uri": "a.png", "set": {"cfg_scale": 7, "sampler": "k_dpmpp_2m", "steps": 30, "strength": 0.5}}]},
        {"cfg_scale": [7], "sampler": ["dpmpp_2m"], "steps": [30], "strength": [0.5]},
    ],
)
def test_what_is_said_wins_even_where_it_is_the_languages_default(said: dict[str, Any]) -> None:
    (made,) = asked(Sweep(resolved(**said)))
    assert four(made) == (7.0, "dpmpp_2m", 30, 0.5)


def test_an_included_cell_wins_over_the_model() -> None:
    sweep = Sweep(resolved(model=["tiny", "quick"], include=[{"model": "quick", "steps": 9}]))
    assert [(one.model, one.steps, one.cfg_scale) for one in asked(sweep)] == [
        ("tiny", 20, 2.0),
        ("quick", 4, 1.0),
        ("quick", 9, 1.0),
    ]


def test_each_model_of_an_axis_gets_its_own() -> None:
    sweep = Sweep(resolved(model=["tiny", "quick", "plain"], strength=[0.3, 0.4]))
    found = {(one.model, *four(one)) for one in asked(sweep)}

    assert found == {
        (model, values.get("cfg_scale", 7.0), values.get("sampler", "dpmpp_2m"), values.get("steps", 30), strength)
        for model, values in TABLE.items()
        for strength in (0.3, 0.4)
    }


def test_a_model_that_moves_together_with_others_or_is_an_images_own_gets_its_own() -> None:
    joint = Sweep(
        resolved(model=None, matrix={"kind": [{"model": "tiny", "steps": 9}, {"model": "quick", "steps": 3}]})
    )
    own = Sweep(resolved(images=["a.png", {"uri": "b.png", "set": {"model": "quick"}}]))

    assert [four(one) for one in asked(joint)] == [(2.0, "ddim", 9, 0.6), (1.0, "lcm", 3, 0.5)]
    assert [four(one) for one in asked(own)] == [(2.0, "ddim", 20, 0.6), (1.0, "lcm", 4, 0.5)]


def test_a_jobs_own_defaults_win_over_the_tables_and_lose_to_what_is_said() -> None:
    made = resolved(model=["tiny", "quick"], steps=8, model_defaults={"quick": {"cfg_scale": 1.5, "steps": 5}})

    assert [four(one) for one in asked(Sweep(made))] == [(2.0, "ddim", 8, 0.6), (1.5, "lcm", 8, 0.5)]


def test_seeds_and_coordinates_do_not_depend_on_what_models_say() -> None:
    before, after = Sweep(spec(model=["tiny", "quick"])), Sweep(resolved(model=["tiny", "quick"]))

    assert [one.coordinates for one in before] == [one.coordinates for one in after]
    assert [one.seed for one in asked(before)] == [one.seed for one in asked(after)]


@pytest.mark.parametrize("model", ["tiny", ["tiny", "quick"], ["tiny", "quick", "plain"]])
def test_a_frozen_spec_means_the_same_whatever_a_table_says_later(model: object) -> None:
    frozen = canonical_json(resolved(model=model))
    again = with_defaults(parse_spec(json.loads(frozen)), lambda _: {"steps": 99, "cfg_scale": 9.0})

    assert canonical_json(again) == frozen
    assert asked(Sweep(again)) == asked(Sweep(resolved(model=model)))


def test_a_spec_that_is_sent_on_unresolved_leaves_the_choice_to_whoever_resolves_it() -> None:
    sent = json.loads(canonical_json(spec(strength=0.4)))

    assert sent.keys() & BY_MODEL == {"strength"}
    assert parse_spec(sent) == spec(strength=0.4)


def test_it_is_told_what_was_left_out_and_who_said_it() -> None:
    found = left_out(spec(model=["tiny", "quick"], steps=8, model_defaults={"tiny": {"sampler": "heun"}}), suits)

    assert [(one.model, one.field, one.value, one.origin) for one in found] == [
        ("tiny", "strength", 0.6, "model"),
        ("tiny", "cfg_scale", 2.0, "model"),
        ("tiny", "sampler", "heun", "job"),
        ("quick", "strength", 0.5, "language"),
        ("quick", "cfg_scale", 1.0, "model"),
        ("quick", "sampler", "lcm", "model"),
    ]
    assert left_out(spec(steps=1, strength=1, cfg_scale=1, sampler="ddim"), suits) == ()


def test_a_model_that_nobody_knows_is_refused() -> None:
    with pytest.raises(UnknownModel, match="did you mean 'tiny'"):
        with_defaults(spec(model="tinny"), ModelTable.load().suits)


def test_cells_that_the_defaults_make_the_same_are_told() -> None:
    with pytest.raises(InvalidSpec, match="include"):
        resolved(strength=[0.3, 0.5], include=[{"strength": 0.3, "steps": 20}])
    with pytest.raises(InvalidSpec, match="include"):
        resolved(model=["tiny", "quick"], include=[{"model": "quick", "steps": 4}])
    with pytest.raises(InvalidSpec, match="exclude"):
        resolved(images=["a.png", {"uri": "b.png", "set": {"steps": 20}}], exclude=[{"steps": 20}])


def test_patterns_match_what_models_say() -> None:
    said = {"model": ["tiny", "quick"], "strength": [0.3, 0.5], "model_defaults": {"quick": {"steps": 4}}}
    sweep = Sweep(resolved(**said, exclude=[{"steps": 4, "strength": 0.5}]))

    assert [(one.model, one.strength) for one in asked(sweep)] == [("tiny", 0.3), ("tiny", 0.5), ("quick", 0.3)]
    assert sweep.count == 3
    assert sweep.hole_bits(0, len(sweep)) == "0001"


def test_the_table_says_the_languages_defaults_where_it_says_none() -> None:
    assert Defaults().model_dump() == {name: FIELDS[name].default for name in BY_MODEL}
    assert Defaults.model_fields.keys() == BY_MODEL


@st.composite
def manifests(draw: st.DrawFn) -> dict[str, Any]:
    """Specs of several models whose images, cells and patterns say some fields and leave others."""
    model, steps = st.sampled_from(["tiny", "quick", "plain"]), st.sampled_from([4, 9, 20])
    own = st.fixed_dictionaries({}, optional={"model": model, "steps": steps, "strength": st.just(0.6)})
    sets = draw(st.lists(own, min_size=1, max_size=3))
    said: dict[str, Any] = {
        "images": [{"uri": f"{k}.png", **({"set": one} if one else {})} for k, one in enumerate(sets)],
        "model": draw(st.one_of(model, st.lists(model, min_size=1, max_size=3, unique=True))),
        "cfg_scale": draw(st.one_of(st.none(), st.just([2.0, 1.0]))),
        "model_defaults": draw(st.one_of(st.none(), st.just({"quick": {"steps": 9}, "plain": {"strength": 0.6}}))),
    }
    pattern = st.fixed_dictionaries({}, optional={"model": model, "steps": steps}).filter(bool)
    said["exclude"] = draw(st.one_of(st.none(), st.lists(pattern, min_size=1, max_size=2)))
    return said


@given(manifests())
@settings(max_examples=300, deadline=None)
def test_a_resolved_spec_says_everything_and_counts_what_multiplying_it_out_does(made: dict[str, Any]) -> None:
    try:
        whole = with_defaults(spec(**made), suits)
    except InvalidSpec:
        return
    sweep = Sweep(whole)
    every = [(sweep[k].image.name, sweep[k].parameters) for k in range(len(sweep))]
    kept = []
    for k, (image, one) in enumerate(every):
        own = next(i.settings for i in sweep.images if i.name == image)
        replaced = {axis.key for axis in whole.axes} & own.keys()
        at = {
            axis.key: k % sweep.span // stride % len(axis)
            for axis, stride in zip(sweep.axes, sweep.strides, strict=True)
        }
        if any(at[key] for key in replaced):
            continue
        if any(all(getattr(one, name) == value for name, value in p.items()) for p in made["exclude"] or ()):
            continue
        kept.append(k)

    assert parse_spec(json.loads(canonical_json(whole))) == whole
    assert [k for k in range(len(sweep)) if not sweep.is_hole(k)] == kept
    assert sweep.count == len(kept)
    assert sweep.hole_bits(0, len(sweep)) == "".join("01"[k not in kept] for k in range(len(sweep)))
    for image, one in every:
        own = next(i.settings for i in sweep.images if i.name == image)
        expected = {**LANGUAGE, **TABLE[one.model], **(made["model_defaults"] or {}).get(one.model, {}), **own}
        assert (one.sampler, one.steps, one.strength) == tuple(expected[f] for f in ("sampler", "steps", "strength"))
