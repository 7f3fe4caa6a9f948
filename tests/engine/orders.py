"""Orders made for the engine's tests: small pictures that are not flat, and parameters with few words."""

import hashlib
from collections.abc import Iterable
from pathlib import Path
from threading import Event
from typing import Protocol

import numpy as np

from jobs.variant import InitImage, Parameters, Variant, WeightedLora, WeightedPrompt
from worker.backends import Backend, Order, Outcome, Pixels, Prepared, Rendered
from worker.backends.local import LocalBackend

SIZE = 64


class Over(Protocol):
    """Opens the engine over a model table of that text, written into `folder` or one of its own."""

    def __call__(self, table: str, folder: Path | None = None) -> LocalBackend: ...


def picture(size: int = SIZE, *, turn: int = 0) -> Pixels:
    """A gradient with a disc, turned by `turn` quarters; uint8 RGB (size, size, 3)."""
    y, x = np.mgrid[:size, :size] / size
    levels = np.stack([x, y, 1 - x], axis=-1)
    levels[(x - 0.5) ** 2 + (y - 0.4) ** 2 < 0.05] = (0.9, 0.3, 0.1)
    pixels: Pixels = np.rot90((levels * 255).round().astype(np.uint8), turn).copy()
    return pixels


def order(
    index: int = 0,
    *,
    strength: float = 0.5,
    steps: int = 6,
    cfg_scale: float = 4.0,
    sampler: str = "ddim",
    seed: int = 7,
    prompts: tuple[WeightedPrompt, ...] = (WeightedPrompt("an oil painting of a boat"),),
    negative_prompt: str = "",
    model: str = "tiny",
    pixels: Pixels | None = None,
    end: float = 0.0,
    clip_skip: int = 0,
    mask: Pixels | None = None,
    loras: tuple[WeightedLora, ...] = (),
) -> Order:
    """One order, with the hash of its own pixels as the image's."""
    pixels = picture() if pixels is None else pixels
    parameters = Parameters(
        model=model,
        prompts=prompts,
        negative_prompt=negative_prompt,
        strength=strength,
        steps=steps,
        cfg_scale=cfg_scale,
        sampler=sampler,
        seed=seed,
        step_schedule_end=end,
        clip_skip=clip_skip,
        loras=loras,
    )
    variant = Variant(
        index=index, image=InitImage("file:///picture.png", "picture"), parameters=parameters, coordinates={}
    )
    return Order(variant, pixels, hashlib.sha256(pixels.tobytes()).hexdigest(), f"{index:032x}", mask)


def outcomes(backend: Backend, orders: Iterable[Prepared]) -> list[Outcome]:
    """All outcomes, in the order in which they came."""
    return list(backend.render(iter(orders), stop=Event(), on_step=lambda _: None))


def pictures(found: Iterable[Outcome]) -> dict[int, bytes]:
    """The bytes of each rendered picture by index; fails on anything refused."""
    rendered: dict[int, bytes] = {}
    for outcome in found:
        assert isinstance(outcome, Rendered), outcome
        rendered[outcome.order.variant.index] = outcome.pixels.tobytes()
    return rendered
