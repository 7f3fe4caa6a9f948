"""What holds for every document: exact counts, stable order, and a canonical form that is the document again."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.errors import InvalidSpec
from jobs.keys import picture_uri
from jobs.manifest import parse_manifest
from jobs.spec import canonical_json, freeze, parse_spec, spec_hash, with_defaults
from jobs.spec.fields import DOCUMENT
from jobs.spec.model import RunSpec, SeedPlan
from jobs.sweep import Sweep
from tests.jobs.documents import spec

TENTHS = st.integers(0, 10).map(lambda n: n / 10)
SHORT = st.text(alphabet="abé {}\U0001f600".replace("{}", ""), min_size=1, max_size=4)


def axis(values: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any]]:
    """One to four different values."""
    return st.lists(values, min_size=1, max_size=4, unique=True)


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    """Good documents, small enough to visit every position."""
    images: list[Any] = [f"{draw(st.sampled_from('ab'))}.png" for _ in range(draw(st.integers(1, 3)))]
    made: dict[str, Any] = {"images": images, "model": "tiny", "prompt": "a {v}"}
    fields = {
        "strength": st.one_of(TENTHS, axis(TENTHS), st.just({"range": [0.1, 0.5, 0.2]})),
        "image_strength": st.one_of(TENTHS, st.just({"linspace": [0, 1, 4]})),
        "steps": st.one_of(st.integers(1, 9), axis(st.integers(1, 9)), st.just({"range": [9, 3, -3]})),
        "cfg_scale": st.one_of(axis(st.floats(0, 50, allow_nan=False)), st.integers(0, 50)),
        "seed": st.one_of(axis(st.integers(0, 2**32 - 1)), st.integers(0, 9), st.just({"policy": "per_image"})),
    }
    chosen = draw(st.lists(st.sampled_from(sorted(fields)), unique=True, max_size=3))
    if {"strength", "image_strength"} <= set(chosen):
        chosen.remove("strength")
    made.update({name: draw(fields[name]) for name in chosen})
    joint = axis(SHORT).map(lambda values: [{"v": value, "fit": "cover"} for value in values])
    alone = axis(st.one_of(SHORT, st.integers(-9, 9), st.booleans()))
    made["matrix"] = {"v": draw(alone)} if draw(st.booleans()) else {"look": draw(joint)}
    made["samples"] = draw(st.integers(1, 3))
    own: dict[str, Any] = draw(st.sampled_from([{}, {"width": 64}, {"steps": 5}, {"strength": 0.45, "steps": 5}]))
    images[-1] = {"uri": "c.png", "set": own}
    if isinstance(made.get("steps"), list) and len(made["steps"]) > 1 and "steps" not in own:
        made["exclude"] = [{"steps": made["steps"][0]}]
    return made


@given(documents())
@settings(max_examples=150, deadline=None)
def test_the_count_equals_what_is_there_and_positions_are_a_bijection(made: dict[str, Any]) -> None:
    sweep = Sweep(parse_spec(made))
    everything = [sweep[i] for i in range(len(sweep))]
    rendered = [v for v in everything if not sweep.is_hole(v.index)]
    assert sweep.count == len(rendered)
    assert [v.index for v in everything] == list(range(len(sweep)))
    told = {repr((v.image.name, v.parameters, sorted(v.coordinates.items()), v.sample)) for v in rendered}
    assert len(told) == len(rendered)
    assert len({picture_uri("r/", sweep.spec, v) for v in rendered}) == len(rendered)


@given(documents())
@settings(max_examples=150, deadline=None)
def test_the_canonical_form_is_the_same_spec_in_the_same_order(made: dict[str, Any]) -> None:
    first = parse_spec(made)
    again = parse_spec(json.loads(canonical_json(first)))
    assert again == first
    assert canonical_json(again) == canonical_json(first)
    assert spec_hash(again) == spec_hash(first)
    assert list(Sweep(again)) == list(Sweep(first))
    assert parse_manifest(canonical_json(first), source="m.yaml") == first


SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5), st.just("{x}"))
JUNK = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(
                ["range", "text", "weight", "uri", "set", "policy", "base", "x", "steps", "prompt", "name"]
            ),
            inner,
            max_size=3,
        ),
    ),
    max_leaves=8,
)
KEYS = st.sampled_from([*DOCUMENT, "spec", "metadata", "kind", "zz"])


@given(st.dictionaries(KEYS, JUNK, max_size=6), st.booleans())
@settings(max_examples=600, deadline=None)
def test_any_data_is_a_job_or_a_list_of_problems(made: dict[str, Any], complete: bool) -> None:
    base = {"images": ["a.png"], "model": "tiny", "prompt": "x"} if complete else {}
    try:
        good = parse_spec({**base, **made})
    except InvalidSpec as invalid:
        problems = invalid.problems
    else:
        sweep = Sweep(good)
        assert sweep.count > 0
        assert [sweep[i].index for i in (0, len(sweep) - 1)] == [0, len(sweep) - 1]
        return
    assert problems
    assert all(problem.path and problem.message and len(problem.value) <= 200 for problem in problems)


@given(st.text(alphabet=st.sampled_from("ab:-[]{}&*!|>'\"%@`#,? \n\t01.~<"), max_size=60))
@settings(max_examples=300, deadline=None)
def test_any_text_is_a_job_or_a_list_of_problems(text: str) -> None:
    with pytest.raises(InvalidSpec) as invalid:
        parse_manifest(text, source="m.yaml")
    assert invalid.value.problems


def test_what_means_the_same_hashes_the_same() -> None:
    short = spec(strength=0.5, labels={"b": "1", "a": "2"}, image_strength=None)
    long = parse_spec(
        {
            "apiVersion": "pentimento/v1",
            "kind": "Sweep",
            "metadata": {"labels": {"a": "2", "b": "1"}},
            "spec": {
                "prompt": "a boat",
                "model": "tiny",
                "images": [{"uri": "a.png"}],
                "image_strength": 0.5,
                "clip_skip": 0.0,
            },
        }
    )
    assert long == short
    assert spec_hash(long) == spec_hash(short)
    assert len(spec_hash(long)) == 64


def test_the_order_of_axes_is_part_of_what_is_hashed() -> None:
    assert spec_hash(spec(steps=[1, 2], width=[64, 128])) != spec_hash(spec(width=[64, 128], steps=[1, 2]))


def test_freezing_fills_in_a_base_where_one_is_missing_and_nothing_else() -> None:
    frozen = freeze(spec(), seed_base=7)
    assert frozen.seed == SeedPlan("per_variant", 7)
    assert replace(frozen, seed=SeedPlan()) == spec()
    assert freeze(frozen, seed_base=8) == frozen
    assert freeze(spec(seed=3), seed_base=8) == spec(seed=3)
    with pytest.raises(ValueError, match="uint32"):
        freeze(spec(), seed_base=2**32)


@pytest.mark.parametrize(
    ("bound", "count", "allowed"),
    [(None, 10, None), (3, 10, 3), ("1%", 1000, 10), ("1%", 99, 0), ("0.5%", 1000, 5), ("100%", 7, 7)],
)
def test_a_share_of_failures_is_counted_exactly(bound: int | str | None, count: int, allowed: int | None) -> None:
    assert RunSpec(max_failures=bound).failures_allowed(count) == allowed


def test_defaults_are_written_out() -> None:
    written = json.loads(canonical_json(with_defaults(spec(), lambda _: {"steps": 20})))
    assert written["steps"] == 20
    assert written["sampler"] == "dpmpp_2m"
    assert written["fit"] == "cover"
    assert written["output"]["name"] == "{image}/{index}"
