"""The tensors of one bucket: a batch of fixed size in which rows hold slots, and empty slots are padding.

What changes only when rows come and go (texts, guidance) is written then; a step gathers latents and times, calls the
UNet once, and guides all rows at once.
"""

from collections.abc import Sequence

import torch

from worker.engine.model import LoadedModel
from worker.engine.row import Flight, Row


class Batch:
    """`capacity` slots for latents of one shape. Padding is zeros at time 0; a row's bits don't depend on it."""

    def __init__(self, model: LoadedModel, capacity: int, shape: tuple[int, int, int]) -> None:
        """`shape`: (channels, height, width) of the latents."""
        self._model = model
        self._capacity = capacity
        device, dtype = model.device, model.dtype
        self._padding = torch.zeros(1, *shape, device=device, dtype=dtype)
        self._texts = torch.zeros(capacity, *model.text_shape, device=device, dtype=dtype)
        self._guidance = torch.ones(capacity, 1, 1, 1, device=device, dtype=dtype)
        self._opposites = torch.arange(capacity, device=device)

    def seat(self, row: Row, flight: Flight) -> None:
        """Write what stays the same for a row in its slots: (conditional, unconditional) or (conditional,)."""
        for slot, text in zip(row.slots, flight.texts, strict=True):
            self._texts[slot] = text[0]
        slot = row.slots[0]
        self._guidance[slot] = row.order.variant.parameters.cfg_scale
        # Without guidance a row is its own opposite, and the difference that guidance scales is exactly nothing.
        self._opposites[slot] = row.slots[-1]

    def predict(self, rows: Sequence[tuple[Row, Flight]]) -> torch.Tensor:
        """One UNet call: the guided prediction (capacity, channels, height, width); a row's lies at its first slot."""
        latents = [self._padding] * self._capacity
        times = [0.0] * self._capacity
        for row, flight in rows:
            scaled = flight.model_input()
            time = flight.trajectory.times[flight.cursor]
            for slot in row.slots:
                latents[slot] = scaled
                times[slot] = time
        moments = torch.tensor(times).to(self._model.device, non_blocking=True)
        predicted = self._model.denoise(torch.cat(latents), moments, self._texts)
        opposite = predicted.index_select(0, self._opposites)
        return opposite + self._guidance * (predicted - opposite)
