"""A model takes certain sizes only; this decides which one an init image gets, and makes it so."""

import numpy as np
from PIL import Image

from jobs.sizes import target_size
from jobs.variant import Fit
from worker.booth.decode import Pixels


def fit(pixels: Pixels, *, width: int | None, height: int | None, multiple: int, max_pixels: int, mode: Fit) -> Pixels:
    """Bring `pixels` (uint8, (H, W, 3)) to its target size; see `resize` for the modes.

    Raises:
        TooLarge: a size was asked for that the model does not take.

    """
    original = (pixels.shape[1], pixels.shape[0])
    size = target_size(original, width=width, height=height, multiple=multiple, max_pixels=max_pixels)
    return resize(pixels, size, mode)


def resize(pixels: Pixels, size: tuple[int, int], mode: Fit) -> Pixels:
    """Bring `pixels` to `size` (width, height) with a Lanczos filter.

    cover: fill it all, and cut what is over equally from both ends. contain: show all of the picture, and continue its
    edges into what is left. stretch: change its shape. Nothing is filtered where no scale changes.
    """
    across, down = pixels.shape[1], pixels.shape[0]
    width, height = size
    if (across, down) == size:
        return pixels
    if mode == "stretch":
        return _scaled(pixels, size, (0.0, 0.0, float(across), float(down)))
    if mode == "cover":
        scale = max(width / across, height / down)
        if scale == 1:
            left, top = (across - width) // 2, (down - height) // 2
            return np.ascontiguousarray(pixels[top : top + height, left : left + width])
        left, top = (across - width / scale) / 2, (down - height / scale) / 2
        return _scaled(pixels, size, (left, top, across - left, down - top))
    scale = min(width / across, height / down)
    inner = (max(1, min(width, round(across * scale))), max(1, min(height, round(down * scale))))
    shown = _scaled(pixels, inner, (0.0, 0.0, float(across), float(down)))
    left, top = (width - inner[0]) // 2, (height - inner[1]) // 2
    return np.pad(shown, ((top, height - inner[1] - top), (left, width - inner[0] - left), (0, 0)), mode="edge")


def _scaled(pixels: Pixels, size: tuple[int, int], box: tuple[float, float, float, float]) -> Pixels:
    left, top, right, bottom = box
    inside = (max(0.0, left), max(0.0, top), min(float(pixels.shape[1]), right), min(float(pixels.shape[0]), bottom))
    return np.array(Image.fromarray(pixels).resize(size, Image.Resampling.LANCZOS, box=inside), dtype=np.uint8)
