"""A template fills names and does nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.template import Template, TemplateError, parse_template, spell


@pytest.mark.parametrize(
    ("text", "values", "filled"),
    [
        ("a {b}", {"b": "boat"}, "a boat"),
        ("{a}{a}", {"a": "x"}, "xx"),
        ("{ a }", {"a": "x"}, "x"),
        ("{{a}}", {}, "{a}"),
        ("{{{a}}}", {"a": "x"}, "{x}"),
        ("((word:1.2)) [x]", {}, "((word:1.2)) [x]"),
        ("", {}, ""),
        ("%s ${jndi} #{x}", {"jndi": "y", "x": "z"}, "%s $y #z"),
    ],
)
def test_a_template_is_filled(text: str, values: dict[str, str], filled: str) -> None:
    assert parse_template(text).fill(values) == filled


def test_what_was_filled_in_is_never_read_again() -> None:
    assert parse_template("{a}").fill({"a": "{b} {{ {0.__class__}", "b": "secret"}) == "{b} {{ {0.__class__}"


@pytest.mark.parametrize(
    "text",
    [
        "{0}",
        "{a.__class__}",
        "{a[0]}",
        "{a!r}",
        "{a:>10000000000}",
        "{}",
        "{a b}",
        "{'a'*10**10}",
        "{" + "a" * 65 + "}",
    ],
)
def test_templates_reach_no_attribute_item_format_or_expression(text: str) -> None:
    with pytest.raises(TemplateError) as refused:
        parse_template(text)
    assert refused.value.remedy


@pytest.mark.parametrize(("text", "where"), [("a { b", "character 3"), ("a } b", "character 3"), ("{a{b}}", "lone {")])
def test_an_unbalanced_brace_is_named_with_its_place(text: str, where: str) -> None:
    with pytest.raises(TemplateError, match=where):
        parse_template(text)


def test_alternatives_are_an_axis_and_no_template() -> None:
    with pytest.raises(TemplateError, match="no axis here"):
        parse_template("a {red|blue} boat")


@given(st.text(alphabet=st.sampled_from("ab{}|0. é"), max_size=40))
def test_any_text_is_a_template_or_a_template_error(text: str) -> None:
    try:
        template = parse_template(text)
    except TemplateError:
        return
    assert isinstance(template, Template)
    assert len(template.literals) == len(template.names) + 1


@given(st.text(max_size=60))
def test_doubled_braces_give_any_text_back(text: str) -> None:
    doubled = text.replace("{", "{{").replace("}", "}}")
    assert parse_template(doubled).fill({}) == text


def test_values_are_spelled_as_people_write_them() -> None:
    assert [spell(v) for v in (0.3, 7.0, True, 12, "x", 1e16, -0.5)] == ["0.3", "7", "true", "12", "x", "1e+16", "-0.5"]
