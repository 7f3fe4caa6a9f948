"""Style presets by name: a template around each prompt, from a file that ships and one that users may add."""

import difflib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from jobs.errors import InvalidSpec, Problem

SHIPPED = Path(__file__).with_name("presets.toml")
_SLOT = "{prompt}"
NONE = frozenset({"", "none"})
"""Names that stand for no preset."""


@dataclass(frozen=True, slots=True)
class Preset:
    """prompt: holds {prompt} once. negative: what to avoid, or empty."""

    prompt: str
    negative: str = ""

    def around(self, text: str) -> str:
        """The template with a prompt in it."""
        return self.prompt.replace(_SLOT, text)

    def avoiding(self, text: str) -> str:
        """What a negative prompt comes to."""
        return ", ".join(part for part in (text, self.negative) if part)


@cache
def load_presets(path: Path | None) -> Mapping[str, Preset]:
    """The shipped presets, and those of `path`, which win.

    Raises:
        InvalidSpec: the file is missing or wrong; every problem at once.

    """
    return {**_read(SHIPPED), **(_read(path) if path else {})}


def plain(name: str) -> str:
    """A preset's name as it is looked up."""
    return name.strip().lower()


def find(presets: Mapping[str, Preset], name: str) -> Preset:
    """The preset of that name; no name, or `none`, is one that changes nothing.

    Raises:
        InvalidSpec: there is none; the remedy names the nearest.

    """
    if plain(name) in NONE:
        return Preset(_SLOT)
    if plain(name) in presets:
        return presets[plain(name)]
    said = Problem("extras.$IPC.preset", "is no style preset", ascii(name)[:100], remedy_for(name, presets))
    raise InvalidSpec([said], source="the request")


def remedy_for(name: str, presets: Mapping[str, Preset]) -> str:
    """What to write in the place of a name that no preset has."""
    near = difflib.get_close_matches(plain(name), presets, n=1)
    return f"Did you mean {near[0]}?" if near else f"There are {', '.join(presets)}"


def _read(path: Path) -> Mapping[str, Preset]:
    try:
        written = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        said = f"can't be read: {error}"
        raise InvalidSpec([Problem("presets_file", said, value=str(path))], source="the style presets") from error
    problems = [Problem(name, why) for name, entry in written.items() if (why := wrong(entry))]
    if problems:
        raise InvalidSpec(problems, source=str(path))
    return {plain(name): Preset(entry["prompt"], entry.get("negative", "")) for name, entry in written.items()}


def wrong(entry: object) -> str:
    """What is wrong with a preset as written; empty where nothing is."""
    if not isinstance(entry, dict) or not entry.keys() <= {"prompt", "negative"}:
        return "a preset has `prompt` and `negative` only"
    if not all(isinstance(text, str) for text in entry.values()) or str(entry.get("prompt", "")).count(_SLOT) != 1:
        return f"both are texts, and `prompt` holds {_SLOT} once"
    return ""
