"""Alternatives in a prompt are an axis: exact before anything is expanded, and the document again when written."""

import json
import tracemalloc
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.spec import canonical_json, parse_spec
from jobs.spec.choices import Choices, read_row
from jobs.sweep import Sweep
from tests.jobs.documents import spec

TEXTS = [
    ("a boat", ["a boat"]),
    ("a {red|blue} boat", ["a red boat", "a blue boat"]),
    ("{a|b {c|d}}", ["a", "b c", "b d"]),
    ("{a|b}{c|d}", ["ac", "ad", "bc", "bd"]),
    ("{|very }big", ["big", "very big"]),
    ("{a|{x}}", ["a", "{x}"]),
    ("{a {x}|b} {y}", ["a {x} {y}", "b {y}"]),
    ("{{a|b}}", ["{{a|b}}"]),
    ("{{{a|b}}}", ["{{a}}", "{{b}}"]),
    ("{a {{x}}|b}", ["a {{x}}", "b"]),
    ("[cat|dog] (x:1.2)", ["[cat|dog] (x:1.2)"]),
    ("{rot|grün|\U0001f600}", ["rot", "grün", "\U0001f600"]),
]


@pytest.mark.parametrize(("text", "picked"), TEXTS, ids=[text for text, _ in TEXTS])
def test_a_text_stands_for_each_of_its_combinations(text: str, picked: list[str]) -> None:
    row = read_row(text)
    assert row.count == len(picked)
    assert [row.pick(k) for k in range(row.count)] == picked
    assert row.longest() >= max(map(len, picked))


def test_alternatives_are_an_axis_where_the_prompt_is_written() -> None:
    sweep = Sweep(spec(strength=[0.1, 0.2], prompt="a {red|blue} {x}", matrix={"x": ["boat", "car"]}))
    assert [(axis.key, len(axis)) for axis in sweep.axes] == [("prompt", 2), ("strength", 2), ("x", 2)]
    assert [v.parameters.prompt for v in sweep] == [
        f"a {colour} {x}" for colour, _, x in product(["red", "blue"], "..", ["boat", "car"])
    ]
    assert sweep[0].coordinates["prompt"] == "a red {x}"


def test_texts_with_weights_negative_prompts_and_lists_may_hold_them() -> None:
    weighted = Sweep(spec(prompt=[{"text": "{a|b}", "weight": 2}, {"text": "{c|d}"}]))
    assert [v.parameters.prompt for v in weighted] == ["a:2 | c", "a:2 | d", "b:2 | c", "b:2 | d"]
    negative = Sweep(spec(negative_prompt="{|bad }hands"))
    assert [v.parameters.negative_prompt for v in negative] == ["hands", "bad hands"]
    listed = Sweep(spec(prompt=["{a|b}", "c"], exclude=[{"prompt": "b"}]))
    assert [v.parameters.prompt for v in listed] == ["a", "c"]


def test_objects_that_move_together_are_written_out() -> None:
    sweep = Sweep(spec(prompt=None, matrix={"look": [{"prompt": "{a|b}", "steps": 2}, {"prompt": "c", "steps": 3}]}))
    assert [(v.parameters.prompt, v.parameters.steps) for v in sweep] == [("a", 2), ("b", 2), ("c", 3)]


def test_a_seed_stays_when_an_alternative_is_added() -> None:
    before = {v.parameters.prompt: v.parameters.seed for v in Sweep(spec(prompt="a {red|blue} boat", seed={"base": 1}))}
    after = {
        v.parameters.prompt: v.parameters.seed for v in Sweep(spec(prompt="a {new|red|blue} boat", seed={"base": 1}))
    }
    assert before.items() < after.items()


def test_a_hundred_thousand_combinations_are_counted_without_being_kept() -> None:
    text = "{a|b|c|d|e|f|g|h|i|j} " * 5
    tracemalloc.start()
    column = Choices.of((text,))
    assert len(column) == 100_000
    assert column[-1] == "j " * 5
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 200_000


@given(st.text(alphabet=st.sampled_from("ab{|}"), max_size=14))
def test_every_combination_is_a_text_of_its_place_and_no_brace_is_lost(text: str) -> None:
    row = read_row(text)
    picks = [row.pick(k) for k in range(row.count)]
    assert all(pick.count("{") - pick.count("}") == text.count("{") - text.count("}") for pick in picks)
    assert row.count > 1 or picks == [text]
    assert {letter for pick in [*row.covering()] for letter in pick} == {letter for pick in picks for letter in pick}


@given(st.lists(st.sampled_from(["{a|b}", "x", "{c|{d|e}}", " ", "{{|}}", "{|f}"]), min_size=1, max_size=4))
def test_a_prompt_with_alternatives_is_written_as_it_was_read(parts: list[str]) -> None:
    first = parse_spec({"images": ["a.png"], "model": "tiny", "prompt": "|".join([*parts, "z"])})
    again = parse_spec(json.loads(canonical_json(first)))
    assert again == first
    assert list(Sweep(again)) == list(Sweep(first))
