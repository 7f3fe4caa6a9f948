"""A network's call of fixed shape as a recorded list of operations: what CUDA graphs are there, on the CPU.

Between two small products torch spends more time in Python than in the product: a step of 16 rows of 64² took 12 ms
recorded and 17 ms as it stands, with the same bits. TorchScript is the only recorder that gains this; torch calls it
deprecated, and `torch.export`, which is to follow it, runs its record in Python again (and gained nothing).
"""

from collections.abc import Callable, Hashable, Sequence
from typing import Any

import torch

from worker.engine.memo import Memo

_KEPT = 16  # records of some hundred kilobytes; weights and operands are not in them


class Traces:
    """The records of one model. For the device's thread.

    A record holds on to the weights as they lay when it was made: what changes layers (LoRAs) is run without one.
    """

    def __init__(self) -> None:
        """Knows none yet."""
        self._records: Memo[Hashable, Any] = Memo(_KEPT)

    def run(self, name: Hashable, act: Callable[..., torch.Tensor], operands: Sequence[torch.Tensor]) -> torch.Tensor:
        """What `act` makes of the operands: by itself at the first call of these shapes, later by its record.

        name: of what it does. It has to be a pure function of the operands, its ways decided by their shapes alone.
        """
        first: list[torch.Tensor] = []

        def noted(*given: torch.Tensor) -> torch.Tensor:
            first.append(act(*given))
            return first[0]

        def record(_: Hashable) -> Any:  # noqa: ANN401 — TorchScript's own
            return torch.jit.trace(noted, tuple(operands), check_trace=False)  # type: ignore[no-untyped-call]

        found = self._records.get((name, *(each.shape for each in operands)), record)
        if first:
            return first[0]
        # As recorded: TorchScript's own optimising costs seconds at the second call, and might change bits.
        with torch.jit.optimized_execution(should_optimize=False):  # type: ignore[attr-defined]
            made: torch.Tensor = found(*operands)
        return made
