"""Seeds that follow from what a variant is, never from where it stands, so that a grown sweep keeps its pictures.

The formula, for anybody who wants to compute a seed without us::

    text = json.dumps([base, image, [[name, value], …], sample], separators=(",", ":"))     # ASCII, names sorted
    seed = first 4 bytes of sha256(text), big-endian

- `per_variant`: image is the image's name, the pairs are the cell's own coordinates (fields as the spec's own types:
  strength and cfg_scale as floats, steps as an integer; a prompt as its text before it is filled).
  A field with one value is no coordinate; whoever means to give it more later writes a list of one now.
- `per_image`: the same without pairs: all cells of an image share their seeds.
- `fixed`: no hash: seed = (base + sample) mod 2³². A list of seeds is an axis of bases.

A cell that n patterns of `reroll` match takes the seed of the text `json.dumps([seed, "", [], -n])` instead.
"""

import hashlib
import json
from collections.abc import Mapping

from jobs.variant import Scalar

UINT32 = 1 << 32


def hashed_seed(base: int, image: str, coordinates: Mapping[str, Scalar], sample: int) -> int:
    """The uint32 seed of one variant; for `per_image` pass no coordinates."""
    pairs = [[name, coordinates[name]] for name in sorted(coordinates)]
    text = json.dumps([base, image, pairs, sample], separators=(",", ":"))
    return int.from_bytes(hashlib.sha256(text.encode("ascii")).digest()[:4], "big")


def fixed_seed(base: int, sample: int) -> int:
    """The same for every cell; samples count up from it."""
    return (base + sample) % UINT32


def rerolled(seed: int, times: int) -> int:
    """The seed of a cell that was given another one so many times: itself for 0, else one that follows from both."""
    return hashed_seed(seed, "", {}, -times) if times else seed
