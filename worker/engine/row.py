"""One variant in flight: what the batcher decides on (plain numbers) and what the device works on, in one object."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from worker.backends import Order
from worker.backends.call import Call

if TYPE_CHECKING:  # the batcher imports this module, and no torch
    import torch

    from worker.engine.samplers import Trajectory


@dataclass(slots=True, eq=False)
class Flight:
    """A row on the device.

    latents: (1, channels, height / f, width / f). texts: the conditional embedding and, where guidance is on, the
    unconditional one, each (1, tokens, width). cursor: evaluations done.
    """

    latents: "torch.Tensor"
    trajectory: "Trajectory"
    generator: "torch.Generator"
    texts: "tuple[torch.Tensor, ...]"
    cursor: int = 0

    @property
    def landed(self) -> bool:
        """Whether nothing is left to denoise."""
        return self.cursor >= len(self.trajectory.moments)

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


@dataclass(slots=True, eq=False)
class Row:
    """An order inside the engine.

    cost: batch rows that it takes: 2, 1 without guidance, 0 where nothing is denoised. evaluations: UNet evaluations
    that it needs in all. slots: its places in the batch while it is active. seconds: device time so far.
    """

    order: Order
    call: Call
    cost: int
    evaluations: int
    slots: tuple[int, ...] = ()
    seconds: float = 0.0
    flight: Flight | None = field(default=None, repr=False)
