"""The tensors of one bucket: a batch of fixed size in which rows hold slots, and empty slots are padding.

What changes only when rows come and go (texts, guidance) is written then; a step gathers latents and times, calls the
UNet once, and guides all rows at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from worker.engine.model import LoadedModel
from worker.engine.row import Flight, Row
from worker.engine.textkeys import TextKeys


@dataclass(frozen=True, slots=True)
class Shape:
    """What the rows of a batch have in common: the picture's size in pixels, and the pieces of their prompts."""

    width: int
    height: int
    pieces: int


class Batch:
    """`capacity` slots for latents of one shape. Padding is zeros at time 0; a row's bits don't depend on it.

    A free batch computes no padding: cheaper where it isn't full, and its bits depend on how full it is.
    """

    def __init__(self, model: LoadedModel, capacity: int, shape: Shape, *, free: bool = False) -> None:
        """Sets memory aside for so many rows."""
        self._free = free
        self._model = model
        self._capacity = capacity
        device, dtype = model.device, model.dtype
        self._padding = torch.zeros(1, *model.input_shape(shape.width, shape.height), device=device, dtype=dtype)
        tokens = shape.pieces * model.texts.piece_tokens
        self._texts = torch.zeros(capacity, tokens, model.text_width, device=device, dtype=dtype)
        self._keys = TextKeys(model.attention.layers, capacity, tokens, self._texts)
        self._guidance = torch.ones(capacity, 1, 1, 1, device=device, dtype=dtype)
        self._opposites = torch.arange(capacity, device=device)
        self._added = model.added(capacity, shape.width, shape.height)
        self._scales = model.scale_embedding(torch.ones(capacity))
        texts, added, scales, keys = self._texts, self._added, self._scales, self._keys.kept

        def step(latents: torch.Tensor, times: torch.Tensor) -> torch.Tensor:  # no `self`: no cycle
            return model.denoise(latents, times, texts, added, scales, keys)

        self._denoise = step if model.graphs is None or free else model.graphs.of(step)

    def seat(self, row: Row, flight: Flight) -> None:
        """Write what stays the same for a row in its slots: (conditional, unconditional) or (conditional,)."""
        for slot, text in zip(row.slots, flight.texts, strict=True):
            self._texts[slot] = text.tokens[0]
            self._keys.seat(slot, text.tokens)
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
        if self._free:
            return self._packed(rows, latents, times)
        moments = torch.tensor(times).to(self._model.device, non_blocking=True)
        predicted = self._denoise(torch.cat(latents), moments)
        opposite = predicted.index_select(0, self._opposites)
        return opposite + self._guidance * (predicted - opposite)

    def _packed(
        self, rows: Sequence[tuple[Row, Flight]], latents: Sequence[torch.Tensor], times: Sequence[float]
    ) -> torch.Tensor:
        """The same with the taken slots alone."""
        taken = sorted(slot for row, _ in rows for slot in row.slots)
        at = torch.tensor(taken, device=self._model.device)
        moments = torch.tensor([times[slot] for slot in taken]).to(self._model.device)
        added = {name: whole.index_select(0, at) for name, whole in self._added.items()}
        scales = None if self._scales is None else self._scales.index_select(0, at)
        texts = self._texts.index_select(0, at)
        predicted = self._model.denoise(torch.cat([latents[slot] for slot in taken]), moments, texts, added, scales)
        whole = torch.zeros(self._capacity, *predicted.shape[1:], device=predicted.device, dtype=predicted.dtype)
        whole[at] = predicted
        opposite = whole.index_select(0, self._opposites)
        return opposite + self._guidance * (whole - opposite)
