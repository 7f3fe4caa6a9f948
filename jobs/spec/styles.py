"""Style presets of a spec: those that it brings along, and those that it names and a deployment has.

A frozen spec carries the templates that it names, so that its pictures stay what they are when a file changes.
"""

from collections.abc import Mapping
from dataclasses import replace

from jobs.presets import NONE, Preset, load_presets, plain, remedy_for, wrong
from jobs.spec.model import JobSpec
from jobs.spec.problems import Path, Problems

FIELD = "style_preset"
MOST = 100


def read_presets(problems: Problems, value: object, path: Path) -> Mapping[str, Preset]:
    """The document's own presets, by name as it is looked up."""
    if value is None:
        return {}
    written = problems.mapping(value, path, what="style_presets")
    if len(written) > MOST:
        problems.add(path, f"has {len(written)} presets, at most {MOST} are taken")
        return {}
    found: dict[str, Preset] = {}
    for name, entry in written.items():
        why = wrong(entry)
        if why:
            problems.add((*path, name), why, value=entry, remedy="Write {prompt: 'a woodcut of {prompt}', negative: …}")
        elif isinstance(entry, Mapping):
            texts = [problems.text(entry.get(key, ""), (*path, name, key), limit=2000) if entry.get(key) else ""
                     for key in ("prompt", "negative")]  # fmt: skip
            found[plain(name)] = Preset(texts[0] or "{prompt}", texts[1] or "")
    return found


def preset_of(spec: JobSpec, name: object) -> Preset | None:
    """The preset that a variant of a spec has; None for none, and for one that only some deployment knows."""
    said = plain(str(name))
    return None if said in NONE else spec.presets.get(said) or load_presets(None).get(said)


def with_presets(spec: JobSpec, known: Mapping[str, Preset]) -> JobSpec:
    """The spec with the template of each style that it names; with all of them where a table's rows may name others.

    Raises:
        InvalidSpec: names that neither it nor the deployment knows, all of them.

    """
    problems, own = Problems(source="the job spec"), dict(spec.presets)
    for path, value in spec.said(FIELD):
        name = plain(str(value))
        if name in own or name in NONE:
            continue
        if name in known:
            own[name] = known[name]
        else:
            problems.add(path, "is no style preset", value=value, remedy=remedy_for(name, {**known, **own}))
    problems.raise_any()
    if any(image.kind == "table" for image in spec.images):
        own = {**known, **own}
    return replace(spec, presets=own) if own else spec


def unknown(spec: JobSpec) -> tuple[str, ...]:
    """Styles that it names and that neither come with it nor ship."""
    said = dict.fromkeys(plain(str(value)) for _, value in spec.said(FIELD))
    return tuple(name for name in said if name not in NONE and preset_of(spec, name) is None)
