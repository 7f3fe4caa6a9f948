"""Do these files hold whole pictures? Every one is decoded to its last pixel, by nothing but the decoder.

Run as `python -m worker.output.verify FOLDER --expect N`: the demo, whose own process must not import a decoder, asks
this before it says that all went well.
"""

import argparse
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from PIL import Image

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp"})


def pictures(folder: Path) -> list[Path]:
    """The picture files below `folder`, by name, in order; hidden files are somebody's unfinished business."""
    found = (path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file())
    return sorted(path for path in found if not path.name.startswith("."))


def broken(files: Iterable[Path]) -> dict[Path, str]:
    """Those of `files` that don't decode, and why."""
    found: dict[Path, str] = {}
    for path in files:
        try:
            with Image.open(path) as image:
                image.load()
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
            found[path] = str(error) or type(error).__name__
    return found


def main(argv: Sequence[str] | None = None) -> int:
    """Exit code 0 when there are exactly as many pictures as expected and all of them decode, else 1."""
    parser = argparse.ArgumentParser(prog="python -m worker.output.verify", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--expect", type=int, required=True, metavar="N", help="how many pictures there have to be")
    said = parser.parse_args(argv)
    files = pictures(said.folder)
    bad = broken(files)
    for path, why in bad.items():
        sys.stderr.write(f"{path}: {why}\n")
    if len(files) != said.expect:
        sys.stderr.write(f"{said.folder} holds {len(files)} pictures, not {said.expect}\n")
    return int(bool(bad) or len(files) != said.expect)


if __name__ == "__main__":
    sys.exit(main())
