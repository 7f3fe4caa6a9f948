"""A model takes certain sizes only; this decides which one an init image gets, for the worker and for a plan alike."""

import math

from jobs.errors import TooLarge


def target_size(
    original: tuple[int, int], *, width: int | None, height: int | None, multiple: int, max_pixels: int
) -> tuple[int, int]:
    """Policy: the (width, height) in pixels that an init image of size `original` is rendered at.

    With both given, that, each rounded down to the multiple. With one, the other follows the picture's shape. With
    none, the picture's own size, scaled down (never up) to `max_pixels`. Both sides are at least one multiple.

    Raises:
        TooLarge: a size was asked for that the model does not take.

    """
    across, down = original
    if width and height:
        scaled = (float(width), float(height))
    elif width:
        scaled = (float(width), down * width / across)
    elif height:
        scaled = (across * height / down, float(height))
    else:
        shrink = min(1.0, math.sqrt(max_pixels / (across * down)))
        scaled = (across * shrink, down * shrink)
    wide, high = (max(multiple, math.floor(side / multiple + 1e-9) * multiple) for side in scaled)
    if wide * high <= max_pixels:
        return wide, high
    if width or height:
        said = f"a size of {wide} × {high} is more than the {max_pixels:,} pixels that the model takes"
        raise TooLarge(said, remedy="Ask for a smaller width or height.")
    # A very long strip whose short side was raised to one multiple: the long side gives way.
    longest = max(multiple, max_pixels // min(wide, high) // multiple * multiple)
    return (longest, high) if wide > high else (wide, longest)
