"""Which part of a picture is painted anew, as the engine needs it: in pixels for the end, in latents for each step.

A mask comes in Stability's polarity: black is repainted, white is kept, grey blends.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch.nn.functional import avg_pool2d

from worker.backends import Order, Pixels
from worker.engine.model import LoadedModel, Posterior

_HALF = 128


@dataclass(frozen=True, slots=True, eq=False)
class Mask:
    """repaint: (1, 1, h, w) of the latents, 1 where it is painted anew; hard: the same as inpainting UNets know it.

    repaint is between 0 and 1 where the mask is soft; hard is one or the other.
    """

    repaint: torch.Tensor
    hard: torch.Tensor

    @classmethod
    def of(cls, order: Order, model: LoadedModel) -> "Mask":
        """The order's mask; everything is repainted where it has none."""
        height, width, _ = order.pixels.shape
        kept = np.zeros((height, width), np.uint8) if order.mask is None else order.mask
        repaint = 1 - torch.from_numpy(kept.astype(np.float32) / 255.0)[None, None]
        factor = model.factor
        # The top left pixel of each square, as diffusers' nearest neighbour takes it.
        hard = (repaint > 0.5).float()[:, :, ::factor, ::factor]
        soft = avg_pool2d(repaint, factor)
        return cls(soft.to(model.device, model.dtype), hard.to(model.device, model.dtype))

    @staticmethod
    def blanked(order: Order, model: LoadedModel) -> Posterior:
        """What the autoencoder makes of the picture with the repainted part in middle grey."""
        kept = order.pixels.astype(np.float32) / 127.5 - 1
        kept = kept * (0 if order.mask is None else (order.mask >= _HALF)[..., None])
        return model.encode_levels(kept)


def composed(order: Order, painted: Pixels) -> Pixels:
    """The painted picture with what the mask keeps of the init image laid over it, to the bit where it is white."""
    if order.mask is None:
        return painted
    kept = order.mask.astype(np.uint16)[..., None]
    mixed = order.pixels * kept + painted * (255 - kept) + 127
    pixels: Pixels = (mixed // 255).astype(np.uint8)
    return pixels
