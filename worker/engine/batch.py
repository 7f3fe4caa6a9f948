"""The tensors of one bucket: a batch of fixed size in which rows hold slots, and empty slots are padding.

What changes only when rows come and go (texts, guidance) is written then; a step gathers latents and times, calls the
UNet once, and guides all rows at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from worker.engine.model import LoadedModel
from worker.engine.row import Flight, Row


@dataclass(frozen=True, slots=True)
class Shape:
    """What the rows of a batch have in common: the picture's size in pixels, and the pieces of their prompts."""

    width: int
    height: int
    pieces: int


class Batch:
    """`capacity` slots for latents of one shape. Padding is zeros at time 0; a row's bits don't depend on it."""

    def __init__(self, model: LoadedModel, capacity: int, shape: Shape) -> None:
        """Sets memory aside for so many rows."""
        self._model = model
        self._capacity = capacity
        device, dtype = model.device, model.dtype
        self._padding = torch.zeros(1, *model.input_shape(shape.width, shape.height), device=device, dtype=dtype)
        tokens = shape.pieces * model.texts.piece_tokens
        self._texts = torch.zeros(capacity, tokens, model.text_width, device=device, dtype=dtype)
        self._guidance = torch.ones(capacity, 1, 1, 1, device=device, dtype=dtype)
        self._opposites = torch.arange(capacity, device=device)
        self._added = model.added(capacity, shape.width, shape.height)
        self._scales = model.scale_embedding(torch.ones(capacity))

    def seat(self, row: Row, flight: Flight) -> None:
        """Write what stays the same for a row in its slots: (conditional, unconditional) or (conditional,)."""
        for slot, text in zip(row.slots, flight.texts, strict=True):
            self._texts[slot] = text.tokens[0]
            if text.pooled is not None:
                self._added["text_embeds"][slot] = text.pooled[0]
        slot, cfg_scale = row.slots[0], row.order.variant.parameters.cfg_scale
        scale = self._model.scale_embedding(torch.tensor([cfg_scale]))
        if self._scales is not None and scale is not None:
            # The UNet takes the guidance scale as an input, and there is nothing to guide.
            self._scales[slot] = scale[0]
        else:
            self._guidance[slot] = cfg_scale
        # Without guidance a row is its own opposite, and the difference that guidance scales is exactly nothing.
        self._opposites[slot] = row.slots[-1]

    def predict(self, rows: Sequence[tuple[Row, Flight]]) -> torch.Tensor:
        """One UNet call: the guided prediction (capacity, channels, height, width); a row's lies at its first slot."""
        latents = [self._padding] * self._capacity
        times = [0.0] * self._capacity
        for row, flight in rows:
            scaled = flight.model_input()
            if flight.beside is not None:
                scaled = torch.cat([scaled, flight.beside], dim=1)
            time = flight.trajectory.times[flight.cursor]
            for slot in row.slots:
                latents[slot] = scaled
                times[slot] = time
        moments = torch.tensor(times).to(self._model.device, non_blocking=True)
        predicted = self._model.denoise(torch.cat(latents), moments, self._texts, self._added, self._scales)
        opposite = predicted.index_select(0, self._opposites)
        return opposite + self._guidance * (predicted - opposite)
