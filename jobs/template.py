"""Text with `{name}` in it: our own small grammar, because `str.format` reaches attributes and Jinja has no bounds.

`{name}` is filled with a value; `{{` and `}}` are literal braces. There are no expressions, no formats, no attributes,
and what was filled in is never read again. Parsing and filling are linear in the length of text and values.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from jobs.variant import Scalar

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
"""What a variable may be called."""

_TOKEN = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")


class TemplateError(ValueError):
    """A template that can't be read. `str(error)` says what and where (in characters, from 1), `remedy` what to do."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message)
        self.remedy = remedy


@dataclass(frozen=True, slots=True)
class Template:
    """A parsed template: `literals[0] {names[0]} literals[1] … {names[n-1]} literals[n]`."""

    literals: tuple[str, ...]
    names: tuple[str, ...]

    def fill(self, values: Mapping[str, str]) -> str:
        """The text with every name replaced. KeyError for a name that `values` has not got."""
        if not self.names:
            return self.literals[0]
        parts = [self.literals[0]]
        for name, literal in zip(self.names, self.literals[1:], strict=True):
            parts.append(values[name])
            parts.append(literal)
        return "".join(parts)


def parse_template(text: str) -> Template:
    """Read a template.

    Raises:
        TemplateError: an unbalanced brace, a name that is none, or alternatives (`{a|b}`, see `jobs.spec.choices`).

    """
    literals: list[str] = []
    names: list[str] = []
    literal: list[str] = []
    end = 0
    for token in _TOKEN.finditer(text):
        literal.append(text[end : token.start()])
        end = token.end()
        if token.group() in {"{{", "}}"}:
            literal.append(token.group()[0])
            continue
        names.append(_name(token))
        literals.append("".join(literal))
        literal = []
    literal.append(text[end:])
    return Template((*literals, "".join(literal)), tuple(names))


def _name(token: re.Match[str]) -> str:
    inside = token.group(1)
    if inside is None:
        raise TemplateError(
            f"a lone {token.group()} at character {token.start() + 1}",
            f"For the brace itself, write it twice: {token.group() * 2}",
        )
    name = inside.strip()
    if NAME.fullmatch(name):
        return name
    shown = inside if len(inside) <= 40 else inside[:40] + "…"
    if "|" in inside:
        raise TemplateError(
            f"alternatives like {{{shown}}} make an axis, and there is no axis here",
            "Write them in `prompt`, `negative_prompt` or `matrix`",
        )
    raise TemplateError(
        f"{{{shown}}} at character {token.start() + 1} is not a variable",
        "A variable is letters, digits and _ in braces; for a literal brace, write it twice",
    )


def spell(value: Scalar) -> str:
    """A value as it appears in prompts, names and labels: 0.3, 7 (not 7.0), true."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e16 else repr(value)
    return str(value)
