"""`python -m worker.painter FOLDER --size 256 --count 6`: init images for a demo, as PNG files."""

import argparse
from pathlib import Path

from worker.painter import MAX_SIZE, MIN_SIZE, SCENES, paint

MAX_COUNT = 10_000


def main() -> None:
    """Paint `count` pictures: every scene once, then again with other seeds (`boat.png`, `boat-2.png`, …)."""
    parser = argparse.ArgumentParser(prog="python -m worker.painter", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--size", type=int, default=256, help=f"side in pixels, {MIN_SIZE}..{MAX_SIZE}")
    parser.add_argument("--count", type=int, default=len(SCENES), help="how many pictures")
    parser.add_argument("--seed", type=int, default=1, help="of the first round")
    wanted = parser.parse_args()
    if not MIN_SIZE <= wanted.size <= MAX_SIZE:
        parser.error(f"--size must be within {MIN_SIZE}..{MAX_SIZE}, got {wanted.size}")
    if not 1 <= wanted.count <= MAX_COUNT:
        parser.error(f"--count must be within 1..{MAX_COUNT}, got {wanted.count}")
    wanted.folder.mkdir(parents=True, exist_ok=True)
    for number in range(wanted.count):
        turn, place = divmod(number, len(SCENES))
        name = SCENES[place] + (f"-{turn + 1}" if turn else "")
        paint(SCENES[place], size=wanted.size, seed=wanted.seed + turn).save(wanted.folder / f"{name}.png")


if __name__ == "__main__":
    main()
