"""Diffusers' noise schedulers as samplers: one row a sampler, a template for each step count, a cheap copy a variant.

A scheduler object holds the state of one trajectory, so every variant has its own; that is what lets different
samplers, step counts and strengths share a batch. What is costly to build (`set_timesteps`, up to 3.4 ms) is shared:
sigmas and timesteps are never written to and stay on the CPU, where reading one doesn't wait for the device.
"""

import copy
import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from diffusers import schedulers

from jobs.errors import InvalidSpec, Problem
from worker.engine.schedule import evaluations

_TEMPLATES = 256  # (sampler, steps) pairs kept; a sweep rarely has more than a few


@dataclass(frozen=True, slots=True)
class Sampler:
    """A diffusers scheduler class by name, and what of the model's own scheduler configuration it overrides."""

    scheduler: str
    overrides: Mapping[str, object]


# The name of the table's columns: Stability's vocabulary → diffusers, as in the pipeline's own configuration otherwise.
# A sampler that evaluates the UNet twice a step needs no more than its row: a "step" here is one evaluation.
SAMPLERS: Mapping[str, Sampler] = {
    "ddim": Sampler("DDIMScheduler", {"clip_sample": False, "set_alpha_to_one": False, "steps_offset": 1}),
    "ddpm": Sampler("DDPMScheduler", {"clip_sample": False}),
    "euler": Sampler("EulerDiscreteScheduler", {}),
    "euler_ancestral": Sampler("EulerAncestralDiscreteScheduler", {}),
    "heun": Sampler("HeunDiscreteScheduler", {}),
    "dpm_2": Sampler("KDPM2DiscreteScheduler", {}),
    "dpm_2_ancestral": Sampler("KDPM2AncestralDiscreteScheduler", {}),
    "dpmpp_2s_ancestral": Sampler(  # the nearest that diffusers has to k-diffusion's, not identical
        "DPMSolverSinglestepScheduler",
        {"algorithm_type": "sde-dpmsolver++", "final_sigmas_type": "zero", "lower_order_final": True},
    ),
    "dpmpp_2m": Sampler("DPMSolverMultistepScheduler", {}),
}


@dataclass(frozen=True, slots=True, eq=False)
class Trajectory:
    """One variant's own scheduler and the part of the schedule that it runs.

    moments: a 0-dim CPU tensor for each evaluation, as diffusers wants them; times: the same as floats.
    extras: what the scheduler's step takes besides (the generator, where it makes noise).
    """

    scheduler: Any
    moments: tuple[torch.Tensor, ...]
    times: tuple[float, ...]
    takes_generator: bool

    def noised(self, latents: torch.Tensor, noise: torch.Tensor) -> torch.Tensor:
        """The latents at the first moment of this trajectory; shape (1, channels, height / f, width / f)."""
        return self.scheduler.add_noise(latents, noise, self.moments[0][None])  # type: ignore[no-any-return]


class Templates:
    """The schedulers of one model, by (sampler, steps)."""

    def __init__(self, config: Mapping[str, object]) -> None:
        """`config`: of the pipeline's own scheduler; it carries the betas and the prediction type."""
        self._config = config
        self._templates: dict[tuple[str, int], _Template] = {}

    def trajectory(self, sampler: str, steps: int, strength: float) -> Trajectory:
        """A fresh trajectory over the last `int(steps * strength)` of `steps`.

        Raises:
            InvalidSpec: no such sampler here, or its scheduler refuses that step count.

        """
        template = self._template(sampler, steps)
        first = template.first(strength, steps)
        scheduler = copy.copy(template.scheduler)
        for name, value in vars(scheduler).items():
            if isinstance(value, list):
                setattr(scheduler, name, list(value))
        if hasattr(scheduler, "set_begin_index"):
            scheduler.set_begin_index(first)
        return Trajectory(scheduler, template.moments[first:], template.times[first:], template.takes_generator)

    def evaluations(self, sampler: str, steps: int, strength: float) -> int:
        """How many UNet evaluations such a trajectory has; raises as `trajectory` does."""
        template = self._template(sampler, steps)
        return len(template.moments) - template.first(strength, steps)

    def _template(self, sampler: str, steps: int) -> "_Template":
        key = (sampler, steps)
        template = self._templates.get(key)
        if template is None:
            if len(self._templates) >= _TEMPLATES:
                self._templates.pop(next(iter(self._templates)))
            template = self._templates[key] = _Template.build(self._config, sampler, steps)
        return template


@dataclass(frozen=True, slots=True, eq=False)
class _Template:
    scheduler: Any
    moments: tuple[torch.Tensor, ...]
    times: tuple[float, ...]
    takes_generator: bool

    @classmethod
    def build(cls, config: Mapping[str, object], sampler: str, steps: int) -> "_Template":
        entry = SAMPLERS.get(sampler)
        if entry is None:
            remedy = f"It has {', '.join(SAMPLERS)}."
            raise InvalidSpec([Problem("sampler", "this engine has no such sampler", value=sampler, remedy=remedy)])
        scheduler = getattr(schedulers, entry.scheduler).from_config(config, **entry.overrides)
        try:
            scheduler.set_timesteps(steps, device="cpu")
        except ValueError as error:
            raise InvalidSpec([Problem("steps", f"{sampler} refuses it: {error}", value=str(steps))]) from error
        return cls(
            scheduler=scheduler,
            moments=scheduler.timesteps.unbind(),
            times=tuple(scheduler.timesteps.tolist()),
            takes_generator="generator" in inspect.signature(scheduler.step).parameters,
        )

    def first(self, strength: float, steps: int) -> int:
        """Where in `moments` a run of that strength begins; at their end where it leaves nothing to run."""
        run = evaluations(steps, strength)
        return (steps - run) * self.scheduler.order if run else len(self.moments)
