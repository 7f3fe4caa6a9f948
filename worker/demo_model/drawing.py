"""Draws the UNet's exercises: a picture under noise that holds another one, and what the caption makes of it.

Image-to-image starts from a noised picture and asks for another one. A sampler that walks from time `start` down to `t`
still carries some of the picture that it started from: of its latents, the share nsr(t) / nsr(start), where nsr is the
ratio of noise to signal. So in most samples that share of a *held* picture is mixed in, and the target stays what the
caption says. The held picture is the same composition (for any start above a threshold, so that weak strengths keep
what they were given), or any picture at all (for a late start only: there the prompt decides the scene).

What a caption leaves out stays as the held picture has it.
"""

from dataclasses import dataclass

import torch

from worker.demo_model.grammar import COLOURS, LIGHTS, MEDIA
from worker.demo_model.latents import SHAPES, colour_codes, light_codes, medium_codes
from worker.demo_model.lessons import SAYINGS, Lessons
from worker.demo_model.networks import noise_scheduler
from worker.demo_model.pace import Setting

_TIMES = 1000
_KEPT_BELOW = 250  # a start below it is a weak strength, which keeps medium and colours
_SCENE_ABOVE = 780  # a start above it may change the scene
_BRIDGED = 0.5  # the share of samples that hold another picture of the composition
_FOREIGN = 0.25  # the share that hold any other picture
_PLAIN = 0.6  # of the held ones
_UNTOLD = 0.1  # the share without a caption, for guidance; and without colour, light or medium in it
_SUBJECT = 1.5  # how much more a cell of the subject weighs
_WORD_WEIGHTS = [0.3] * len(MEDIA) + [3.0] * 2 + [1.0] * 3  # the last words of a caption are learnt last


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """A batch: noised latents and the v wanted of them, times, tokens, weights, and which rows hold another picture."""

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
        self._codes = [
            torch.from_numpy(table).to(setting.device) for table in (colour_codes(), light_codes(), medium_codes())
        ]
        self._channels = torch.tensor([1.0] * SHAPES + _WORD_WEIGHTS, device=setting.device)

    def __call__(self, step: int) -> Sample:
        """The batch of a step."""
        lessons, dice = self._lessons, _Dice(step, self._setting)
        place, times, kind = dice.below(len(lessons.cartoons)), dice.below(_TIMES), dice.chances()
        bridged, foreign = kind < _BRIDGED, (kind >= _BRIDGED) & (kind < _BRIDGED + _FOREIGN)
        mute = dice.chances() < _UNTOLD
        other = torch.where(foreign, dice.below(len(lessons.cartoons)), place)
        place = torch.where(mute, other, place)
        choices, held, said = self._choices(dice, mute, bridged | foreign)

        earliest = torch.maximum(times, torch.where(foreign & ~mute, _SCENE_ABOVE, _KEPT_BELOW))
        start = (earliest + dice.chances() * (_TIMES - earliest)).long().clamp(max=_TIMES - 1)
        share = (self._ratio[times] / self._ratio[start]) * (bridged | foreign)
        wanted = self._latents(place, choices)
        seen = self._latents(other, held) + 0.1 * dice.grain(wanted)  # no encoder is exact
        signal, noise = self._signal[times][:, None, None, None], self._noise[times][:, None, None, None]
        noised = signal * torch.lerp(wanted, seen, share[:, None, None, None]) + noise * dice.grain(wanted)
        ways = dice.below(lessons.tokens.shape[4])
        tokens = lessons.tokens[place % len(SAYINGS[0]), said[0], said[1], said[2], ways]
        weight = 1 + _SUBJECT * lessons.subjects[place]
        weight = weight / weight.mean((1, 2), keepdim=True)
        return Sample(
            noised,
            # The v that leads from here to the wanted picture, whatever was mixed in.
            (signal * noised - wanted) / noise.clamp(min=0.03),
            times,
            torch.where(mute[:, None], lessons.nothing, tokens).long(),
            weight[:, None] * self._channels[:, None, None],
            bridged | foreign,
        )

    def _choices(
        self, dice: "_Dice", mute: torch.Tensor, holding: torch.Tensor
    ) -> tuple[list[torch.Tensor], list[torch.Tensor], list[torch.Tensor]]:
        """Colour, light and medium, as indices: of the wanted picture, of the held one, and as the caption says."""
        wanted, held, said = [], [], []
        for table in (COLOURS, LIGHTS, MEDIA):
            drawn, before = dice.below(len(table)), dice.below(len(table))
            if table is MEDIA:
                before = torch.where(dice.chances() < _PLAIN, 0, before)
            unsaid = (dice.chances() < _UNTOLD) | mute
            drawn = torch.where(unsaid & holding, before, drawn)
            wanted.append(drawn)
            held.append(before)
            said.append(torch.where(unsaid, len(table), drawn))
        return wanted, held, said

    def _latents(self, place: torch.Tensor, choices: list[torch.Tensor]) -> torch.Tensor:
        colour, light, medium = (codes[choice] for codes, choice in zip(self._codes, choices, strict=True))
        words = torch.cat([medium, light, colour], 1)
        drawn = self._lessons.cartoons[place]
        return torch.cat([drawn, words[:, :, None, None].expand(-1, -1, *drawn.shape[2:])], 1)


class _Dice:
    """One generator for all that a step draws."""

    def __init__(self, step: int, setting: Setting) -> None:
        self._count, self._device = setting.pictures, setting.device
        self._generator = torch.Generator(setting.device).manual_seed(step)

    def below(self, bound: int) -> torch.Tensor:
        return torch.randint(0, bound, (self._count,), generator=self._generator, device=self._device)

    def chances(self) -> torch.Tensor:
        return torch.rand(self._count, generator=self._generator, device=self._device)

    def grain(self, like: torch.Tensor) -> torch.Tensor:
        return torch.randn(like.shape, generator=self._generator, device=self._device)
