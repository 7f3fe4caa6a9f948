"""The template by which pictures are named, in a form from which only safe and distinct keys can come.

Two pictures of a job never share a key: the position is in it, and set off so that it can be read back. Where a
template does not say `{index}` so, `-{index}` is put at its end.
"""

import re

from jobs.spec.fields import FIELDS
from jobs.spec.model import JobSpec
from jobs.spec.reading import Document
from jobs.template import Template, TemplateError, parse_template

OUTPUT_NAMES = ("image", "index", "seed", "sample")
MAX_SEGMENTS = 4
MAX_SEGMENT = 150
MAX_FIELDS_A_SEGMENT = 8
_SUFFIX = re.compile(r"\.(png|webp|jpe?g)$")  # the format's own is put there anyway
_LITERAL = re.compile(r"[A-Za-z0-9._-]*")


def segments(name: str) -> tuple[Template, ...]:
    """The folders and the file name of a template, `{index}` made sure of.

    Raises:
        TemplateError: not a template, or one that would make bad keys.

    """
    parts = [parse_template(part) for part in _SUFFIX.sub("", name).split("/")]
    if len(parts) > MAX_SEGMENTS:
        raise TemplateError(f"has {len(parts)} segments, at most {MAX_SEGMENTS}", "Use fewer folders")
    for part in parts:
        _check(part)
    if not any(_tells(part) for part in parts):
        last = parts[-1]
        parts[-1] = Template((*last.literals[:-1], last.literals[-1] + "-", ""), (*last.names, "index"))
    return tuple(parts)


def _check(part: Template) -> None:
    literal = "".join(part.literals)
    if not part.names and not literal.strip("."):
        raise TemplateError("has an empty, '.' or '..' segment", "Write folders like {image}/{index}")
    if not _LITERAL.fullmatch(literal):
        raise TemplateError(
            "holds a character that is not safe in a key", "Use A-Z, a-z, 0-9, '.', '_', '-', '/', {name}"
        )
    if part.literals[0].startswith("."):
        raise TemplateError("has a segment that starts with a dot", "Start it otherwise")
    if len(part.names) > MAX_FIELDS_A_SEGMENT or len(literal) > MAX_SEGMENT // 2:
        bounds = f"{MAX_FIELDS_A_SEGMENT} fields and {MAX_SEGMENT // 2} other characters"
        raise TemplateError(f"has a segment of more than {bounds}", "Use a shorter one")


def _tells(part: Template) -> bool:
    """Whether the position can be read back from this segment, whatever the other fields hold."""
    if part.names.count("index") != 1:
        return False
    if len(part.names) == 1:
        return True
    before, after = part.literals[0], part.literals[-1]
    if part.names[-1] == "index" and not after[:1].isdigit():
        return bool(part.literals[-2]) and not part.literals[-2][-1].isdigit()
    return part.names[0] == "index" and not before and bool(part.literals[1]) and not part.literals[1][0].isdigit()


def check_name(document: Document, spec: JobSpec, known: set[str] | None) -> set[str]:
    """The names that the template uses; problems where it is not one. known: None where a table may bring any."""
    path = document.at("output", "name")
    try:
        parts = segments(spec.output.name)
    except TemplateError as wrong:
        document.problems.add(path, str(wrong), value=spec.output.name, remedy=wrong.remedy)
        return set()
    used = {name for part in parts for name in part.names}
    usable = {*OUTPUT_NAMES, *FIELDS, *(known or ())}
    for name in sorted(used - usable if known is not None else ()):
        remedy = document.problems.hint(name, sorted(usable))
        document.problems.add(path, f"nothing is called {name}", value=spec.output.name, remedy=remedy)
    return used
