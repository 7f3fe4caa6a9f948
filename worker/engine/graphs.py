"""One UNet call of fixed shape as a CUDA graph: thousands of kernels launched as one, so that Python costs nothing.

Everything that a step reads lies at an address that stays: texts, guidance scales and added conditions are the batch's
own buffers, written in place as rows come and go; latents and times are copied in before each replay. What comes out is
overwritten by the next replay of this graph or another of the same model, so it has to be used (or copied) before.
"""

from collections.abc import Callable

import torch

_WARM_UP = 3  # calls before the capture, as torch's documentation asks: libraries choose kernels and set memory aside

Step = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


class Graphs:
    """The graphs of one model. They share memory: one runs at a time, and what it gives is used before the next."""

    def __init__(self, changes: Callable[[], int]) -> None:
        """`changes` counts how often weights went from where a graph may read them: such a graph is captured anew."""
        self.changes = changes
        self.pool = torch.cuda.graph_pool_handle() if torch.cuda.is_available() else None

    def of(self, step: Step) -> Step:
        """The step, captured at its first call for the shapes that it is called with there."""
        return _Graphed(step, self)


class _Graphed:
    def __init__(self, step: Step, graphs: Graphs) -> None:
        self._step = step
        self._graphs = graphs
        self._graph: torch.cuda.CUDAGraph | None = None
        self._captured_at = -1
        self._latents = self._times = self._found = torch.empty(0)

    def __call__(self, latents: torch.Tensor, times: torch.Tensor) -> torch.Tensor:
        if self._graph is None or self._captured_at != self._graphs.changes():
            self._graph = None
            self._graph = self._captured(latents, times)
            self._captured_at = self._graphs.changes()
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
        # Other threads load models meanwhile; by default whatever they ask of CUDA would end the capture, and fail.
        with torch.cuda.graph(graph, pool=self._graphs.pool, capture_error_mode="thread_local"):
            self._found = self._step(self._latents, self._times)
        return graph
