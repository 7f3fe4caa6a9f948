"""Paints init images, so that a demo and the tests have pictures that nobody else has rights in, at any size.

`paint(scene, size=…, seed=…)` draws one of `SCENES` from simple shapes, three times too large, and scales it down. The
same scene, size and seed give the same picture; another seed moves, resizes and recolours what is in it.
`python -m worker.painter FOLDER --size 256 --count 6` writes PNGs named after their scenes.
"""

import random
from collections.abc import Callable, Mapping

from PIL import Image

from worker.painter.canvas import Canvas
from worker.painter.land import balloon, house, mountain
from worker.painter.sea import boat, lighthouse
from worker.painter.space import rocket

MIN_SIZE, MAX_SIZE = 16, 4096

_PAINTERS: Mapping[str, Callable[[Canvas, random.Random], None]] = {
    "rocket": rocket,
    "house": house,
    "boat": boat,
    "mountain": mountain,
    "balloon": balloon,
    "lighthouse": lighthouse,
}
SCENES: tuple[str, ...] = tuple(_PAINTERS)


def paint(scene: str, *, size: int, seed: int) -> Image.Image:
    """One of `SCENES` as RGB, `size` × `size` pixels (16..4096).

    Raises:
        ValueError: no such scene, or a size out of range.

    """
    if scene not in _PAINTERS:
        raise ValueError(f"no scene {scene!r}; there are {', '.join(SCENES)}")
    if not MIN_SIZE <= size <= MAX_SIZE:
        raise ValueError(f"size must be within {MIN_SIZE}..{MAX_SIZE} pixels, got {size}")
    canvas = Canvas(size)
    _PAINTERS[scene](canvas, random.Random(f"{scene} {seed}"))  # noqa: S311 - a picture, not a secret
    return canvas.finished()
