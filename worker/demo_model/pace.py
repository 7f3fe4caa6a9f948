"""How long a training stage goes on, how fast it learns meanwhile, and how it survives being stopped."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch

from worker.demo_model.checkpoint import Progress, Tensors, read, write

_SAVE_EVERY_SECONDS = 60.0
_SAY_EVERY_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Setting:
    """Where and how a stage trains. `pictures` is the batch."""

    device: torch.device
    pictures: int
    say: Callable[[str], None]

    def precision(self, *, wide: bool) -> torch.autocast:
        """bfloat16 where it pays: always on a GPU, on a CPU for the autoencoder's `wide` pictures alone."""
        return torch.autocast(self.device.type, torch.bfloat16, enabled=wide or self.device.type == "cuda")


class Pace:
    """Counts a stage's time, over all its runs, and steps; the learning rate follows the share of time that is gone."""

    def __init__(
        self,
        name: str,
        seconds: float,
        peak: float,
        place: Path,
        say: Callable[[str], None],
        clock: Callable[[], float],
    ) -> None:
        """Checkpoints go to the file `place`; `peak` is the highest learning rate; `clock` counts seconds."""
        self.step = 0
        self.curve: list[tuple[int, float, dict[str, float]]] = []
        self._name, self._seconds, self._peak, self._place, self._say = name, seconds, peak, place, say
        self._spent = 0.0
        self._clock = clock
        self._began = clock()
        self._saved = self._said = self._began
        self._told: dict[str, list[torch.Tensor]] = {}

    @property
    def spent(self) -> float:
        """Seconds of training so far, in all runs."""
        return self._spent + self._clock() - self._began

    @property
    def share(self) -> float:
        """How much of the stage is gone, 0..1."""
        return min(1.0, self.spent / self._seconds)

    @property
    def over(self) -> bool:
        """Whether the stage's time is up."""
        return self.spent >= self._seconds

    @property
    def rate(self) -> float:
        """The learning rate of this step: a short warm-up, then a cosine over the stage's time."""
        return (
            self._peak * min(1.0, (self.step + 1) / 100) * (0.01 + 0.99 * (0.5 + 0.5 * math.cos(math.pi * self.share)))
        )

    def tick(self, losses: dict[str, torch.Tensor], state: Callable[[], Tensors]) -> None:
        """One step is done: note its losses, and now and then say and save where it stands."""
        self.step += 1
        for name, value in losses.items():
            self._told.setdefault(name, []).append(value.detach().float())  # waits for no GPU
        now = self._clock()
        if now - self._said > _SAY_EVERY_SECONDS or self.over:
            means = {name: float(torch.stack(values).mean()) for name, values in self._told.items()}
            self.curve.append((self.step, round(self.spent, 1), means))
            told = " ".join(f"{name} {value:.4f}" for name, value in means.items())
            self._say(f"{self._name} {self.share:4.0%} step {self.step} {self.spent:.0f} s {told}")
            self._told, self._said = {}, now
        if now - self._saved > _SAVE_EVERY_SECONDS or self.over:
            self.save(state())
            self._saved = self._clock()

    def save(self, state: Tensors) -> None:
        """Write a checkpoint in the old one's place."""
        write(self._place, Progress(self.step, self.spent, self.curve), state)

    def resumed(self, device: torch.device) -> Tensors | None:
        """The state of the last checkpoint, None where there is none."""
        if not self._place.exists():
            return None
        progress, state = read(self._place, device)
        self.step, self._spent, self.curve = progress.step, progress.spent, progress.curve
        self._began = self._clock()
        self._say(f"{self._name} goes on from step {self.step}, {self._spent:.0f} s")
        return state
