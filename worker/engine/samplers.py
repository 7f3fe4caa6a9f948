"""Diffusers' noise schedulers as samplers: one row a sampler, a template for each step count, a cheap copy a variant.

A scheduler object holds the state of one trajectory, so every variant has its own; that is what lets different
samplers, step counts and strengths share a batch. What is costly to build (`set_timesteps`, up to 3.4 ms) is shared:
sigmas and timesteps are never written to and stay on the CPU, where reading one doesn't wait for the device.
"""

import copy
import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import torch
from diffusers import schedulers

from jobs.errors import InvalidSpec, Problem
from jobs.variant import Parameters
from worker.engine.brownian import BrownianNoise
from worker.engine.schedule import steps_run

_TEMPLATES = 256  # (sampler, steps) pairs kept; a sweep rarely has more than a few


@dataclass(frozen=True, slots=True)
class Sampler:
    """A diffusers scheduler class by name, and what of the model's own scheduler configuration it overrides.

    memoised: a pure method of it that is costly at every step; its answers are kept with the template.
    """

    scheduler: str
    overrides: Mapping[str, object]
    memoised: str = ""


# Stability's vocabulary → diffusers' classes, with the configuration of the pipeline's own scheduler otherwise.
# A sampler that evaluates the UNet twice a step needs no more than its row: a "step" here is one evaluation.
SAMPLERS: Mapping[str, Sampler] = {
    "ddim": Sampler("DDIMScheduler", {"clip_sample": False, "set_alpha_to_one": False, "steps_offset": 1}),
    "ddpm": Sampler("DDPMScheduler", {"clip_sample": False}),
    "euler": Sampler("EulerDiscreteScheduler", {}),
    "euler_ancestral": Sampler("EulerAncestralDiscreteScheduler", {}),
    "heun": Sampler("HeunDiscreteScheduler", {}),
    "dpm_2": Sampler("KDPM2DiscreteScheduler", {}),
    "dpm_2_ancestral": Sampler("KDPM2AncestralDiscreteScheduler", {}),
    "lms": Sampler("LMSDiscreteScheduler", {}, memoised="get_lms_coefficient"),  # an integral: 3 ms a step
    "dpmpp_2s_ancestral": Sampler(  # the nearest that diffusers has to k-diffusion's, not identical
        "DPMSolverSinglestepScheduler",
        {"algorithm_type": "sde-dpmsolver++", "final_sigmas_type": "zero", "lower_order_final": True},
    ),
    "dpmpp_2m": Sampler("DPMSolverMultistepScheduler", {}),
    "dpmpp_sde": Sampler("DPMSolverSDEScheduler", {}),  # makes noise of its own, from `noise_sampler_seed`
    "unipc": Sampler("UniPCMultistepScheduler", {}),
    "lcm": Sampler("LCMScheduler", {}),
}


@dataclass(frozen=True, slots=True, eq=False)
class Trajectory:
    """One variant's own scheduler and the part of the schedule that it runs.

    moments: a 0-dim CPU tensor for each evaluation to the schedule's end, as diffusers wants them; times: the same as
    floats. length: how many of them are run.
    takes_generator: whether the scheduler's step makes noise from the row's generator.
    """

    scheduler: Any
    moments: tuple[torch.Tensor, ...]
    times: tuple[float, ...]
    length: int
    takes_generator: bool

    def draw_like(self, latents: torch.Tensor) -> None:
        """Let a scheduler that makes noise of its own make it for such latents, as it would itself but quicker."""
        if hasattr(self.scheduler, "noise_sampler"):
            scheduler = self.scheduler
            scheduler.noise_sampler = BrownianNoise(latents, scheduler.sigmas, scheduler.noise_sampler_seed)

    def noised(self, latents: torch.Tensor, noise: torch.Tensor, cursor: int = 0) -> torch.Tensor:
        """Clean latents as noisy as they are at a moment; themselves, after the last one."""
        if cursor >= len(self.moments):
            return latents
        return self.scheduler.add_noise(latents, noise, self.moments[cursor][None])  # type: ignore[no-any-return]


class Templates:
    """The schedulers of one model, by (sampler, steps)."""

    def __init__(self, config: Mapping[str, object]) -> None:
        """`config`: of the pipeline's own scheduler; it carries the betas and the prediction type."""
        self._config = config
        self._templates: dict[tuple[str, int], _Template] = {}

    def trajectory(self, asked: Parameters) -> Trajectory:
        """A fresh trajectory over the last `int(steps * strength)` of `steps`, less `int(steps * step_schedule_end)`.

        Raises:
            InvalidSpec: no such sampler here, or its scheduler refuses that step count.

        """
        template = self._template(asked.sampler, asked.steps)
        run = template.run(asked)
        scheduler = copy.copy(template.scheduler)
        for name, value in vars(scheduler).items():
            if isinstance(value, list):
                setattr(scheduler, name, list(value))
        if hasattr(scheduler, "set_begin_index"):
            scheduler.set_begin_index(run.start)
        if hasattr(scheduler, "noise_sampler_seed"):
            scheduler.noise_sampler_seed = asked.seed
        rest = slice(run.start, None)
        length = max(0, run.stop - run.start)
        return Trajectory(scheduler, template.moments[rest], template.times[rest], length, template.takes_generator)

    def evaluations(self, asked: Parameters) -> int:
        """How many UNet evaluations such a trajectory has; raises as `trajectory` does."""
        run = self._template(asked.sampler, asked.steps).run(asked)
        return max(0, int(run.stop - run.start))

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
        if entry.memoised:
            setattr(scheduler, entry.memoised, cache(getattr(scheduler, entry.memoised)))
        return cls(
            scheduler=scheduler,
            moments=scheduler.timesteps.unbind(),
            times=tuple(scheduler.timesteps.tolist()),
            takes_generator="generator" in inspect.signature(scheduler.step).parameters,
        )

    def run(self, asked: Parameters) -> slice:
        """The part of `moments` that is run; empty where strength and end leave nothing."""
        steps = steps_run(asked.steps, asked.strength, asked.step_schedule_end)
        order: int = self.scheduler.order
        # The last step of a sampler with two evaluations has one: its other half would be at no noise at all.
        return slice(steps.start * order, min(steps.stop * order, len(self.moments)))
