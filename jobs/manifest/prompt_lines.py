"""A1111's "prompts from file" as a manifest: each line a row of fields that move together, crossed with the images.

A line is a prompt, or options: `--prompt "a boat" --seed 7 --steps 20 --sampler_name "Euler a"`. What others say and a
line does not, its model's defaults do; a seed that is missing or −1 is derived from the line, so that the manifest says
every seed.
"""

import shlex
from collections.abc import Iterator, Mapping, Sequence

from jobs.manifest.yaml_text import plain
from jobs.seeds import hashed_seed
from jobs.spec.fields import FIELDS
from jobs.spec.problems import Path, Problems
from jobs.spec.suited import Suits

MAX_LINES = 100_000

OPTIONS = {
    "prompt": "prompt",
    "negative_prompt": "negative_prompt",
    "seed": "seed",
    "steps": "steps",
    "cfg_scale": "cfg_scale",
    "width": "width",
    "height": "height",
    "sampler_name": "sampler",
    "denoising_strength": "strength",
    "sd_model": "model",
}
"""Their options that we know, and our words for them."""

WITHOUT_EFFECT = {"do_not_save_samples", "do_not_save_grid", "outpath_samples", "outpath_grids", "prompt_for_display"}
"""Options about files and screens: skipped."""


def import_prompts(
    text: str, *, source: str, images: Sequence[str], model: str, suits: Suits = lambda _: {}
) -> dict[str, object]:
    """The document that makes each line's picture of each image. suits: the defaults that a model has.

    Raises:
        InvalidSpec: lines that can't be read, each with its number.

    """
    lines: dict[Path, int] = {}
    problems = Problems(source=source, lines=lines.get)
    rows: list[dict[str, object]] = []
    for number, line in enumerate(text.removeprefix("\ufeff").splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        lines["line", len(rows)] = number
        rows.append(_row(line.strip(), problems, ("line", len(rows))))
        if len(rows) > MAX_LINES:
            problems.add((), f"more than {MAX_LINES} lines", remedy="Split the file")
            break
    if not rows:
        problems.add((), "no line holds a prompt", remedy='Write prompts, or --prompt "…" --seed 7')
    problems.raise_any()
    return _document(rows, images, model, suits)


def _row(line: str, problems: Problems, path: Path) -> dict[str, object]:
    if not line.startswith("--"):
        return {"prompt": _literal(line)}
    try:
        words = shlex.split(line)
    except ValueError as wrong:
        problems.add(path, f"can't be read: {str(wrong).lower()}", value=line, remedy="Close the quotes")
        return {}
    row: dict[str, object] = {}
    for name, value in _options(words):
        ours = OPTIONS.get(name)
        if ours is None and name not in WITHOUT_EFFECT:
            remedy = problems.hint(name, OPTIONS)
            problems.add(path, f"--{name} is not known", remedy=remedy)
        elif ours in {"prompt", "negative_prompt"}:
            row[ours or ""] = _literal(value)
        elif ours is not None:
            row[ours] = value if FIELDS[ours].kind in {"sampler", "text"} else plain(value)
    if "prompt" not in row:
        problems.add(path, "has no --prompt", value=line)
    return row


def _options(words: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Each option with the words up to the next one."""
    starts = [k for k, word in enumerate(words) if word.startswith("--")]
    for start, stop in zip(starts, [*starts[1:], len(words)], strict=True):
        yield words[start][2:], " ".join(words[start + 1 : stop])


def _literal(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")


def _document(rows: list[dict[str, object]], images: Sequence[str], model: str, suits: Suits) -> dict[str, object]:
    """Rows that all say the same about a field leave it to the document."""
    fields = [name for name in FIELDS if any(name in row for row in rows)]
    for k, row in enumerate(rows):
        if "seed" in fields and (row.get("seed") or -1) == -1 and row.get("seed") != 0:
            row["seed"] = hashed_seed(0, "", {"prompt": str(row["prompt"])}, k)
    document: dict[str, object] = {"images": list(images), "model": model}
    moving: list[str] = []
    for name in fields:
        values = [row.get(name, _default(name, row, model, suits)) for row in rows]
        if all(value == values[0] for value in values) and values[0] is not None:
            document[name] = values[0]
        else:
            moving.append(name)
    if moving:
        cells = [{name: row.get(name, _default(name, row, model, suits)) for name in moving} for row in rows]
        document["matrix"] = {"line": list({repr(cell): cell for cell in cells}.values())}
    return document


def _default(name: str, row: Mapping[str, object], model: str, suits: Suits) -> object:
    if name == "model":
        return model
    default = FIELDS[name].default
    return suits(str(row.get("model", model))).get(name, default) if FIELDS[name].by_model else default
