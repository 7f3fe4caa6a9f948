"""What a demo is about: init images and a manifest beside them, painted here or taken from somebody's folder."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

from jobs.errors import CallersFault, WorldsFault

_WRITTEN = Path(__file__).parents[2] / "deploy" / "examples" / "demo.yaml"
EXAMPLE = _WRITTEN if _WRITTEN.is_file() else Path(__file__).with_name("demo.yaml")
"""The manifest that teaches: in a checkout where people look for it, in an installed package beside this file."""
PICTURES = (".png", ".jpg", ".jpeg", ".webp")
MOST_IMAGES = 50

MINE = """\
# Your pictures, repainted in {combinations} ways each.
name: my-pictures
images:
{images}
model: tiny
prompt: "{{style}}"
strength: [0.35, 0.6]
matrix:
  style: [a crayon drawing, an oil painting]
steps: 12
seed: 7
width: 256                        # small, for machines without a GPU; without the two: your pictures' own size
height: 256
"""


def stage(folder: Path, images: Path | None) -> Path:
    """Put init images and a manifest into `folder`, or a manifest that names the pictures of `images`; its path.

    Raises:
        CallersFault: a folder without pictures, or with too many for a demo.
        WorldsFault: the painter failed.

    """
    folder.mkdir(parents=True, exist_ok=True)
    if images is not None:
        manifest = folder / "mine.yaml"
        manifest.write_text(_naming(images), "utf-8")
        return manifest
    python("-m", "worker.demo_model.inits", str(folder))
    return Path(shutil.copyfile(EXAMPLE, folder / EXAMPLE.name))


def python(*argv: str) -> None:
    """Run a module of this installation.

    Raises:
        WorldsFault: it failed; the text holds the end of what it said.

    """
    ran = subprocess.run([sys.executable, *argv], capture_output=True, text=True, check=False)  # noqa: S603  our own modules
    if ran.returncode:
        said = (ran.stderr or ran.stdout).strip()[-2000:]
        raise WorldsFault(f"`python {' '.join(argv[:2])}` ended with {ran.returncode}: {said}")


def _naming(images: Path) -> str:
    found = sorted(path for path in images.iterdir() if path.suffix.lower() in PICTURES and path.is_file())
    if not 1 <= len(found) <= MOST_IMAGES:
        remedy = f"A demo takes 1 to {MOST_IMAGES} files that end in {', '.join(PICTURES)}"
        raise CallersFault(f"--images {images} holds {len(found)} pictures", remedy=remedy)
    named = "\n".join(f"  - {json.dumps(str(path.resolve()), ensure_ascii=False)}" for path in found)
    return MINE.format(images=named, combinations=4)
