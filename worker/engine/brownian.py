"""The noise of `dpmpp_sde` as diffusers draws it from torchsde's Brownian tree, to the bit, at a fraction of the price.

The tree halves the range of sigmas until a wanted one is met to six digits, some 24 levels down, and draws a normal at
each: 3.7 ms a step in torchsde, which builds objects and searches them. Here one walk goes down from the root, and what
it met is kept for the next step, which asks for the same sigma again.
"""

import math
from collections.abc import Iterator
from typing import Any

import torch

from worker.engine.seedwords import SeedWords

_DIGITS = 6  # as diffusers asks for: tol=1e-6
_POOL = 24  # likewise: words of entropy that are mixed

_Node = tuple[int, int]  # depth, number within it
_Noise = Any  # a tensor like the latents, or on a CPU an array


class BrownianNoise:
    """What `DPMSolverSDEScheduler.noise_sampler` is to be: noise for the step from one sigma to another."""

    def __init__(self, like: torch.Tensor, sigmas: torch.Tensor, seed: int) -> None:
        """like: latents, for shape, format and device. sigmas: of the whole schedule, on the CPU, falling to 0."""
        self._like = like
        self._words = SeedWords(seed, pool_words=_POOL)
        self._generator = torch.Generator(like.device)
        # On a CPU numpy takes half of torch's time for a small sum, and rounds alike.
        self._by_numpy = like.device.type == "cpu" and like.dtype == torch.float32
        start, end = sigmas[sigmas > 0].min().item(), sigmas.max().item()
        self._start, self._end = round(start, _DIGITS), round(end, _DIGITS)
        self._whole = self._normal(()) * math.sqrt(end - start)
        self._before: dict[_Node, _Noise] = {}
        self._met: dict[_Node, _Noise] = {}

    def __call__(self, sigma: torch.Tensor, sigma_next: torch.Tensor) -> torch.Tensor:
        """Of variance 1, of the latents' shape."""
        low, high = sorted((float(sigma), float(sigma_next)))
        first, last = (round(min(max(each, self._start), self._end), _DIGITS) for each in (low, high))
        self._before, self._met = self._met, {}
        pieces = self._pieces(first, last)
        found = next(pieces, None)
        if found is None:
            return torch.zeros_like(self._like)
        for piece in pieces:
            found = found + piece
        falls = float(sigma) >= float(sigma_next)
        return torch.as_tensor(found) * (-1.0 if falls else 1.0) / (sigma_next - sigma).abs().sqrt()

    def _pieces(self, first: float, last: float) -> Iterator[_Noise]:
        """The increments that [first, last] is made of, from left to right."""
        todo = [((0, 0), self._start, self._end, self._whole, first, last)] if first < last else []
        while todo:
            node, start, end, whole, first, last = todo.pop()
            if (first, last) == (start, end):
                yield whole
                continue
            middle = round(0.5 * (end + start), _DIGITS)
            left = self._left(node, start, middle, end, whole)
            depth, number = node[0] + 1, 2 * node[1]
            if last > middle:
                todo.append(((depth, number + 1), middle, end, whole - left, max(first, middle), last))
            if first < middle:
                todo.append(((depth, number), start, middle, left, first, min(last, middle)))

    def _left(self, node: _Node, start: float, middle: float, end: float, whole: _Noise) -> _Noise:
        """The increment over the left half, given the one over both: a Brownian bridge."""
        found = self._before.get(node)
        if found is None:
            share = 1 / (end - start)
            mean = (middle - start) * whole * share
            deviation = math.sqrt((middle - start) * (end - middle) * share)
            found = mean + deviation * self._normal((node[1], node[0]))
        self._met[node] = found
        return found

    def _normal(self, spawned: tuple[int, ...]) -> _Noise:
        drawn = self._generator.manual_seed(self._words.first(spawned))
        found = torch.randn(self._like.shape, generator=drawn, dtype=self._like.dtype, device=self._like.device)
        return found.numpy() if self._by_numpy else found
