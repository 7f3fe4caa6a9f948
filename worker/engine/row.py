"""One variant in flight: what the batcher decides on (plain numbers) and what the device works on, in one object."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from worker.backends import Order
from worker.backends.call import Call

if TYPE_CHECKING:  # the batcher imports this module, and no torch
    import torch

    from worker.engine.samplers import Trajectory
    from worker.engine.texts import Text


@dataclass(frozen=True, slots=True, eq=False)
class Kept:
    """What of the picture stays as it is, in latents. repaint: (1, 1, h, w), 1 where it is painted anew.

    clean and noise: as the row began, (1, channels, h, w).
    """

    repaint: "torch.Tensor"
    clean: "torch.Tensor"
    noise: "torch.Tensor"


@dataclass(slots=True, eq=False)
class Flight:
    """A row on the device.

    latents: (1, channels, height / f, width / f). texts: the conditional one and, where guidance is on, the
    unconditional one. beside: what an inpainting UNet sees besides the latents, (1, 5, h, w). cursor: evaluations done.
    """

    latents: "torch.Tensor"
    trajectory: "Trajectory"
    generator: "torch.Generator"
    texts: "tuple[Text, ...]"
    kept: Kept | None = None
    beside: "torch.Tensor | None" = None
    cursor: int = 0

    @property
    def landed(self) -> bool:
        """Whether nothing is left to denoise."""
        return self.cursor >= self.trajectory.length

    def model_input(self) -> "torch.Tensor":
        """The latents as the UNet wants them at this moment."""
        trajectory = self.trajectory
        scaled: torch.Tensor = trajectory.scheduler.scale_model_input(self.latents, trajectory.moments[self.cursor])
        return scaled

    def advance(self, prediction: "torch.Tensor") -> None:
        """One step by the row's own scheduler; `prediction` as guided, of the latents' shape."""
        trajectory = self.trajectory
        noise = {"generator": self.generator} if trajectory.takes_generator else {}
        moment = trajectory.moments[self.cursor]
        self.latents = trajectory.scheduler.step(prediction, moment, self.latents, return_dict=False, **noise)[0]
        self.cursor += 1
        if self.kept is not None:
            kept = self.kept
            there = trajectory.noised(kept.clean, kept.noise, self.cursor)
            self.latents = (1 - kept.repaint) * there + kept.repaint * self.latents


@dataclass(slots=True, eq=False)
class Row:
    """An order inside the engine.

    cost: batch rows that it takes: 2, 1 without guidance, 0 where nothing is denoised. evaluations: UNet evaluations
    that it needs in all. urgent: goes before others. slots: its places in the batch while it is active. rows: of the
    batch that it was admitted to. seconds: device time so far. arrived, launched: when, by the engine's clock.
    """

    order: Order
    call: Call
    cost: int
    evaluations: int
    urgent: bool = False
    slots: tuple[int, ...] = ()
    rows: int = 0
    seconds: float = 0.0
    arrived: float = 0.0
    launched: float = 0.0
    flight: Flight | None = field(default=None, repr=False)
