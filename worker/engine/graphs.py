"""One UNet call of fixed shape as a CUDA graph: thousands of kernels launched as one, so that Python costs nothing.

Everything that a step reads lies at an address that stays: texts, guidance scales and added conditions are the batch's
own buffers, written in place as rows come and go; latents and times are copied in before each replay. What comes out is
overwritten by the next replay, so it has to be used (or copied) before.
"""

from collections.abc import Callable

import torch

_WARM_UP = 3  # calls before the capture, as torch's documentation asks: libraries choose kernels and set memory aside

Step = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


def eager(step: Step) -> Step:
    """The step as it is."""
    return step


def graphed(step: Step) -> Step:
    """The step, captured at its first call for the shapes that it is called with there."""
    return _Graphed(step)


class _Graphed:
    def __init__(self, step: Step) -> None:
        self._step = step
        self._graph: torch.cuda.CUDAGraph | None = None
        self._latents = self._times = self._found = torch.empty(0)

    def __call__(self, latents: torch.Tensor, times: torch.Tensor) -> torch.Tensor:
        if self._graph is None:
            self._graph = self._captured(latents, times)
        self._latents.copy_(latents)
        self._times.copy_(times, non_blocking=True)
        self._graph.replay()
        return self._found

    def _captured(self, latents: torch.Tensor, times: torch.Tensor) -> torch.cuda.CUDAGraph:
        self._latents, self._times = latents.clone(), times.clone()
        aside = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        aside.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(aside):
            for _ in range(_WARM_UP):
                self._step(self._latents, self._times)
        torch.cuda.current_stream().wait_stream(aside)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            self._found = self._step(self._latents, self._times)
        return graph
