"""Keys that a command line says in the place of the document's: `-S strength=0.4 -S run.priority=background`."""

from collections.abc import Iterable, Mapping

from jobs.manifest.refusal import refuse
from jobs.manifest.yaml_text import YamlReader
from jobs.spec.fields import ALIASES

SOURCE = "the command line"


def parse_given(pairs: Iterable[str]) -> dict[str, object]:
    """Each `key=value` as a dotted key and its value, which is read as YAML: `0.4`, `[a, b]`, `{range: [5, 9, 2]}`.

    Raises:
        InvalidSpec: not of that form, or a value that is no YAML.

    """
    given: dict[str, object] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or not key.strip():
            refuse(SOURCE, f"{pair[:60]!r} is not KEY=VALUE", remedy="Write -S strength=0.4")
        given[key.strip()] = YamlReader(f"-S {key.strip()[:40]}").read(value)
    return given


def with_given(data: object, given: Mapping[str, object]) -> object:
    """The document with each key of `given` in its place, in short or long form; data that is no document as it is.

    A field takes the place of its other names, too: `strength` that of `image_strength`.
    """
    if not isinstance(data, dict) or not given:
        return data
    if isinstance(data.get("spec"), dict):
        return {**data, "spec": with_given(data["spec"], given)}
    made = dict(data)
    for key, value in given.items():
        head, dot, rest = key.partition(".")
        if dot:
            inner = made.get(head)
            made[head] = with_given(inner if isinstance(inner, dict) else {}, {rest: value})
            continue
        for other in ALIASES:
            if other != head and ALIASES[other] == ALIASES.get(head, head):
                made.pop(other, None)
        if head in ALIASES:
            made.pop(ALIASES[head], None)
        made[head] = value
    return made
