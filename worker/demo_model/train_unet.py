"""The UNet and the text encoder, which learn to repaint: AdamW on the error of v, and a slow average that is kept."""

from dataclasses import dataclass

import torch
from diffusers import UNet2DConditionModel
from torch import nn
from transformers import CLIPTextModel

from worker.demo_model.checkpoint import Tensors, memory, named, part_of, remember
from worker.demo_model.drawing import Draw
from worker.demo_model.lessons import Lessons
from worker.demo_model.pace import Pace, Setting

AVERAGE = "average"


@dataclass(frozen=True, slots=True, eq=False)
class Learner:
    """What is trained, and a slow average of it, which is what is kept."""

    unet: UNet2DConditionModel
    text: CLIPTextModel
    average: list[torch.Tensor]

    @classmethod
    def of(cls, unet: UNet2DConditionModel, text: CLIPTextModel, device: torch.device) -> "Learner":
        """The two on their device."""
        unet.to(device).train()
        text.to(device).train()
        return cls(unet, text, [w.detach().clone() for part in (unet, text) for w in part.parameters()])

    @property
    def weights(self) -> list[nn.Parameter]:
        """All that is trained."""
        return [*self.unet.parameters(), *self.text.parameters()]

    @torch.no_grad()
    def recall(self, average: Tensors) -> None:
        """Go on from the average of a checkpoint."""
        for place, kept in enumerate(self.average):
            kept.copy_(average[str(place)])

    @torch.no_grad()
    def follow(self, step: int) -> None:
        """Move the average a little."""
        share = 1 - min(0.995, (1 + step) / (10 + step))
        torch._foreach_lerp_(self.average, list[torch.Tensor](self.weights), share)

    @torch.no_grad()
    def settle(self) -> None:
        """Take the average's place."""
        for weights, average in zip(self.weights, self.average, strict=True):
            weights.copy_(average)
        self.unet.eval()
        self.text.eval()


def train_unet(learner: Learner, lessons: Lessons, pace: Pace, setting: Setting) -> None:
    """Train until the pace is over; then `learner` holds the average."""
    optimizer = torch.optim.AdamW(learner.weights, pace.rate, betas=(0.9, 0.99), weight_decay=1e-3, fused=True)
    resumed = pace.resumed(setting.device)
    if resumed is not None:
        learner.unet.load_state_dict(part_of(resumed, "unet"))
        learner.text.load_state_dict(part_of(resumed, "text"))
        learner.recall(part_of(resumed, AVERAGE))
        remember(optimizer, part_of(resumed, "optimizer"))

    def state() -> Tensors:
        average = {str(place): kept for place, kept in enumerate(learner.average)}
        networks = named("unet", learner.unet.state_dict()) | named("text", learner.text.state_dict())
        return networks | named("optimizer", memory(optimizer)) | named(AVERAGE, average)

    draw = Draw(lessons, setting)
    while not pace.over:
        for group in optimizer.param_groups:
            group["lr"] = pace.rate
        sample = draw(pace.step)
        with setting.precision(wide=False):
            texts = learner.text(sample.tokens)[0]
            said = learner.unet(sample.noised, sample.times, encoder_hidden_states=texts).sample.float()
        wrong = ((said - sample.wanted).square() * sample.weight).mean((1, 2, 3))
        optimizer.zero_grad()
        torch.autograd.backward(wrong.mean())
        nn.utils.clip_grad_norm_(learner.weights, 1.0)
        optimizer.step()
        learner.follow(pace.step)
        plain = (wrong * ~sample.bridged).sum() / (~sample.bridged).sum().clamp(min=1)
        bridged = (wrong * sample.bridged).sum() / sample.bridged.sum().clamp(min=1)
        pace.tick({"plain": plain, "bridged": bridged}, state)
    learner.settle()
