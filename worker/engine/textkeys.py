"""Keys and values of the texts that a batch attends to: the same in every step of a row, so computed once a row.

Small latents attend to more tokens of text than they have pixels; there it is a tenth of a step. Each row's are
computed by itself, so that their bits know no neighbours; and where a slot holds the same text already (the negative
prompt, as a rule), they are its own or copied from there.
"""

from collections.abc import Sequence
from typing import Any

import torch
from diffusers import UNet2DConditionModel
from diffusers.models.attention_processor import Attention, AttnProcessor2_0
from torch.nn.functional import scaled_dot_product_attention

Kept = tuple[torch.Tensor, torch.Tensor]
"""Of one layer: keys and values, each (rows, tokens, width)."""


class TextKeys:
    """One batch's, by layer and slot. Buffers that stay where they are: a captured graph reads them."""

    def __init__(self, layers: Sequence[Attention], rows: int, tokens: int, like: torch.Tensor) -> None:
        """Sets memory aside; `like` says on which device and in which format."""
        self._layers = layers
        self._texts: list[torch.Tensor | None] = [None] * rows
        widths = [(layer.to_k.out_features, layer.to_v.out_features) for layer in layers]
        self.kept: tuple[Kept, ...] = tuple(
            (like.new_zeros(rows, tokens, k), like.new_zeros(rows, tokens, v)) for k, v in widths
        )

    def seat(self, slot: int, text: torch.Tensor) -> None:
        """Compute a slot's from its text, (1, tokens, width), which nobody writes to: one object is one text."""
        if self._texts[slot] is text:
            return
        there = next((n for n, other in enumerate(self._texts) if other is text), None)
        self._texts[slot] = None  # until it is whole
        for layer, (keys, values) in zip(self._layers, self.kept, strict=True):
            keys[slot] = layer.to_k(text)[0] if there is None else keys[there]
            values[slot] = layer.to_v(text)[0] if there is None else values[there]
        self._texts[slot] = text


class TextAttention:
    """The cross-attentions of one UNet: they look into the `current` keys; where there are none, as diffusers do."""

    def __init__(self, unet: UNet2DConditionModel) -> None:
        """Replaces the processors of those that are plain attention to a text."""
        self.current: Sequence[Kept] = ()
        processors: dict[str, Any] = dict(unet.attn_processors)
        self.layers: list[Attention] = []
        for name, layer in unet.named_modules():
            if isinstance(layer, Attention) and _plain(layer):
                processors[f"{name}.processor"] = _Looking(self, len(self.layers))
                self.layers.append(layer)
        unet.set_attn_processor(processors)


class _Looking(AttnProcessor2_0):  # type: ignore[misc]  # diffusers has no types
    def __init__(self, whole: TextAttention, number: int) -> None:
        super().__init__()
        self._whole = whole
        self._number = number

    def __call__(
        self,
        attn: Attention,
        hidden_states: torch.Tensor,
        encoder_hidden_states: torch.Tensor | None = None,
        attention_mask: torch.Tensor | None = None,
        temb: torch.Tensor | None = None,
    ) -> torch.Tensor:
        if not self._whole.current:
            found: torch.Tensor = super().__call__(attn, hidden_states, encoder_hidden_states, attention_mask, temb)
            return found
        rows, pixels, _ = hidden_states.shape
        query = attn.to_q(hidden_states)
        query, keys, values = (
            whole.view(rows, -1, attn.heads, whole.shape[-1] // attn.heads).transpose(1, 2)
            for whole in (query, *self._whole.current[self._number])
        )
        seen = scaled_dot_product_attention(query, keys, values).transpose(1, 2).reshape(rows, pixels, -1)
        painted: torch.Tensor = attn.to_out[0](seen) / attn.rescale_output_factor
        return painted


def _plain(layer: Attention) -> bool:
    odd = (layer.spatial_norm, layer.group_norm, layer.norm_cross, layer.norm_q, layer.norm_k)
    return bool(layer.is_cross_attention) and not any(odd) and not layer.residual_connection
