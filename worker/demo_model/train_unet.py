"""Stage two: the UNet and the text encoder, which learn to repaint.

Image-to-image starts from a noised picture and asks for another one. A sampler that walks from time `start` down to `t`
still carries some of the picture that it started from: of its latents, the share nsr(t) / nsr(start), where nsr is the
ratio of noise to signal. So in most samples that share of another picture is mixed in, and the target stays what the
caption says. The other picture is the same composition (for any start above a threshold, so that weak strengths keep
what they were given), or any picture at all (for a late start only: there the prompt decides the scene).
"""

from dataclasses import dataclass
from typing import Any

import torch
from diffusers import UNet2DConditionModel
from torch import nn
from transformers import CLIPTextModel

from worker.demo_model.album import PER_GROUP
from worker.demo_model.latents import Lessons
from worker.demo_model.networks import noise_scheduler
from worker.demo_model.pace import Pace, Setting

_TIMES = 1000
_KEPT_BELOW = 300  # a start below it is a weak strength, which keeps medium and colours
_SCENE_ABOVE = 780  # a start above it may change the scene
_BRIDGED = 0.5  # the share of samples with another picture of the composition
_FOREIGN = 0.2  # the share with any other picture
_UNTOLD = 0.1  # the share without a caption, for guidance
_SUBJECT = 1.5  # how much more a cell of the subject weighs


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
    def follow(self, step: int) -> None:
        """Move the average a little."""
        share = 1 - min(0.999, (1 + step) / (10 + step))
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
        learner.unet.load_state_dict(resumed["unet"])
        learner.text.load_state_dict(resumed["text"])
        optimizer.load_state_dict(resumed["optimizer"])
        for average, kept in zip(learner.average, resumed["average"], strict=True):
            average.copy_(kept)

    def state() -> dict[str, Any]:
        networks = {"unet": learner.unet.state_dict(), "text": learner.text.state_dict()}
        return {**networks, "optimizer": optimizer.state_dict(), "average": learner.average}

    draw = Draw(lessons, setting)
    while not pace.over:
        for group in optimizer.param_groups:
            group["lr"] = pace.rate
        sample = draw(pace.step)
        with setting.precision(wide=False):
            texts = learner.text(sample.tokens)[0]
            said = learner.unet(sample.noised, sample.times, encoder_hidden_states=texts).sample.float()
        wrong = ((said - sample.wanted).square().mean(1) * sample.weight).mean((1, 2))
        optimizer.zero_grad()
        torch.autograd.backward(wrong.mean())
        nn.utils.clip_grad_norm_(learner.weights, 1.0)
        optimizer.step()
        learner.follow(pace.step)
        plain = (wrong * ~sample.bridged).sum() / (~sample.bridged).sum().clamp(min=1)
        bridged = (wrong * sample.bridged).sum() / sample.bridged.sum().clamp(min=1)
        pace.tick({"plain": plain, "bridged": bridged}, state)
    learner.settle()


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """A batch: noised latents and the v wanted of them, times, tokens, weights of cells, and which rows are mixed."""

    noised: torch.Tensor
    wanted: torch.Tensor
    times: torch.Tensor
    tokens: torch.Tensor
    weight: torch.Tensor
    bridged: torch.Tensor


class Draw:
    """Draws batches; the same step draws the same one."""

    def __init__(self, lessons: Lessons, setting: Setting) -> None:
        self._lessons, self._setting = lessons, setting
        kept = noise_scheduler().alphas_cumprod.to(setting.device)
        self._signal, self._noise = kept.sqrt(), (1 - kept).sqrt()
        self._ratio = self._noise / self._signal

    def __call__(self, step: int) -> Sample:
        """The batch of a step."""
        lessons, count, device = self._lessons, self._setting.pictures, self._setting.device
        dice = torch.Generator(device).manual_seed(step)

        def below(bound: int) -> torch.Tensor:
            return torch.randint(0, bound, (count,), generator=dice, device=device)

        def chances() -> torch.Tensor:
            return torch.rand(count, generator=dice, device=device)

        place, times, kind = below(len(lessons.latents)), below(_TIMES), chances()
        mate = place // PER_GROUP * PER_GROUP + below(PER_GROUP)
        bridged, foreign = kind < _BRIDGED, (kind >= _BRIDGED) & (kind < _BRIDGED + _FOREIGN)
        other = torch.where(foreign, below(len(lessons.latents)), mate)
        earliest = torch.maximum(times, torch.where(foreign, _SCENE_ABOVE, _KEPT_BELOW))
        start = (earliest + chances() * (_TIMES - earliest)).long().clamp(max=_TIMES - 1)
        share = (self._ratio[times] / self._ratio[start]) * (bridged | foreign)

        wanted, held = lessons.latents[place].float(), lessons.latents[other].float()
        grain = torch.randn(wanted.shape, generator=dice, device=device)
        signal, noise = self._signal[times][:, None, None, None], self._noise[times][:, None, None, None]
        noised = signal * torch.lerp(wanted, held, share[:, None, None, None]) + noise * grain
        tokens = lessons.tokens[place, below(lessons.tokens.shape[1])].long()
        tokens = torch.where((chances() < _UNTOLD)[:, None], lessons.nothing.long(), tokens)
        weight = 1 + _SUBJECT * lessons.subjects[place].float() / 255
        return Sample(
            noised,
            # The v that leads from here to the wanted picture, whatever was mixed in.
            (signal * noised - wanted) / noise.clamp(min=0.03),
            times,
            tokens,
            weight / weight.mean((1, 2), keepdim=True),
            bridged | foreign,
        )
