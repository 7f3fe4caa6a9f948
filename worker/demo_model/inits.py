"""`python -m worker.demo_model.inits FOLDER`: the demo's init images, painted as the demo model knows them."""

import argparse
from pathlib import Path

from PIL import Image

from worker.demo_model.grammar import Wish
from worker.demo_model.painting import paint

# Seeds below the training's: the model has never seen these three.
INITS = {"rocket": ("red", 45), "house": ("yellow", 48), "boat": ("blue", 43)}


def main() -> None:
    """Paint them as PNG files of 128×128, named after their scenes."""
    parser = argparse.ArgumentParser(prog="python -m worker.demo_model.inits", description=__doc__)
    parser.add_argument("folder", type=Path)
    folder: Path = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    for scene, (colour, seed) in INITS.items():
        painting = paint(Wish(scene, colour, "day", "plain"), seed)
        Image.fromarray(painting.pixels).save(folder / f"{scene}.png")


if __name__ == "__main__":
    main()
