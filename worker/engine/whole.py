"""Families that the engine doesn't step itself (SD3, FLUX and so on): whole pipeline calls, grouped by equal wishes.

A call paints up to the pinned count of pictures and is filled up to it, so that a picture's bits don't depend on its
neighbours. What has to be equal within a call (steps, strength, guidance, sampler) is the bucket's `group`. A call
holds the device from its beginning to its end: others wait for it, but it is left as soon as nobody waits for its
pictures.
"""

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from diffusers import schedulers

from jobs.errors import InvalidSpec, Problem, Unsupported
from jobs.models import Model
from jobs.variant import Parameters
from worker.backends import Order, Pixels
from worker.engine.adapters import Adapters
from worker.engine.safety import Checker
from worker.engine.samplers import SAMPLERS
from worker.engine.schedule import steps_run

FLOW_SAMPLERS = {"euler": "FlowMatchEulerDiscreteScheduler", "heun": "FlowMatchHeunDiscreteScheduler"}
"""What a flow-matching model is stepped with: the same methods, over its own schedule."""

Group = tuple[object, ...]


class WholeModel:
    """One pipeline on one device. `alias` and `weight_bytes` from any thread, the rest from the device's."""

    def __init__(self, model: Model, pipeline: Any, device: torch.device) -> None:  # noqa: ANN401 — diffusers' own
        """Takes a loaded image-to-image pipeline."""
        self.model = model
        self.checker: Checker | None = None
        self.device = device
        self._pipeline = pipeline
        self._takes = frozenset(inspect.signature(pipeline.__call__).parameters)
        self._scheduler = pipeline.scheduler
        self._flows = type(pipeline.scheduler).__name__.startswith("FlowMatch")
        self.adapters = Adapters(pipeline, model.alias)
        parts = [part for part in pipeline.components.values() if isinstance(part, torch.nn.Module)]
        self.weight_bytes = sum(weights.nbytes for part in parts for weights in part.parameters())

    def looked_after(self, checker: Checker) -> None:
        """From now on `checker` looks at each picture before it goes out."""
        self.checker = checker
        self.weight_bytes += checker.weight_bytes

    @property
    def alias(self) -> str:
        """The model's, in the table."""
        return self.model.alias

    def group(self, order: Order) -> tuple[Group, int]:
        """What has to be equal for one call, and how many steps that call has.

        Raises:
            InvalidSpec: a sampler that this family hasn't got, a strength that leaves no step. Unsupported: something
                that only the families which the engine steps itself can do.

        """
        asked = order.variant.parameters
        self._refuse(order)
        steps = len(steps_run(asked.steps, asked.strength))
        if not steps:
            said = f"leaves no step of {asked.steps} to run"
            remedy = f"{self.model.alias} needs at least {1 / asked.steps:.3g}."
            raise InvalidSpec([Problem("strength", said, value=str(asked.strength), remedy=remedy)])
        # One call has one scheduler, and this one's noise has a single seed.
        seed = asked.seed if asked.sampler == "dpmpp_sde" else 0
        texts = (asked.clip_skip, bool(_negative(asked)))
        return (asked.steps, asked.strength, asked.cfg_scale, asked.sampler, *texts, seed), steps

    def paint(self, orders: Sequence[Order], rows: int, *, stepped: Callable[[], bool]) -> list[Pixels | None]:
        """The pictures of orders of one group, in one call of so many rows; None where one isn't finite.

        `stepped` is called after each step; once it answers False the call is left, and what it gives is worth nothing.

        Raises:
            ModelUnavailable: a LoRA that can't be put on.

        """
        filled = [*orders, *[orders[-1]] * (rows - len(orders))]
        asked = orders[0].variant.parameters
        self.adapters.wear(asked.loras)
        self._pipeline.scheduler = self._sampler(asked)

        def after(pipeline: Any, *_: object) -> dict[str, object]:  # noqa: ANN401 — diffusers' own
            if not stepped():
                pipeline._interrupt = True  # noqa: SLF001 — as diffusers' own documentation has it
            return {}

        try:
            images = self._pipeline(**self._arguments(filled), callback_on_step_end=after).images[: len(orders)]
        finally:
            self._pipeline.scheduler = self._scheduler
        sound = np.isfinite(images).all(axis=(1, 2, 3))
        return [
            (image * 255).round().astype(np.uint8) if good else None for image, good in zip(images, sound, strict=True)
        ]

    def _arguments(self, orders: Sequence[Order]) -> dict[str, Any]:
        asked = orders[0].variant.parameters
        height, width, _ = orders[0].pixels.shape
        said: dict[str, Any] = {
            "prompt": [order.variant.parameters.prompts[0].text for order in orders],
            "negative_prompt": [_negative(order.variant.parameters) for order in orders],
            "image": np.stack([order.pixels for order in orders]).astype(np.float32) / 255.0,
            "strength": asked.strength,
            "num_inference_steps": asked.steps,
            "guidance_scale": asked.cfg_scale,
            "generator": [torch.Generator().manual_seed(order.variant.parameters.seed) for order in orders],
            "output_type": "np",
            "height": height,
            "width": width,
        }
        if asked.clip_skip:
            said["clip_skip"] = asked.clip_skip
        return {name: value for name, value in said.items() if name in self._takes}

    def _sampler(self, asked: Parameters) -> Any:  # noqa: ANN401 — diffusers' own
        if self._flows:
            name = FLOW_SAMPLERS[asked.sampler]
            same = type(self._scheduler).__name__ == name
            return self._scheduler if same else getattr(schedulers, name).from_config(self._scheduler.config)
        entry = SAMPLERS[asked.sampler]
        seed = {"noise_sampler_seed": asked.seed} if asked.sampler == "dpmpp_sde" else {}
        return getattr(schedulers, entry.scheduler).from_config(self._scheduler.config, **entry.overrides, **seed)

    def _refuse(self, order: Order) -> None:
        asked = order.variant.parameters
        known = FLOW_SAMPLERS if self._flows else SAMPLERS
        if asked.sampler not in known:
            said = f"{self.model.alias} has no such sampler"
            raise InvalidSpec([Problem("sampler", said, value=asked.sampler, remedy=f"It has {', '.join(known)}.")])
        wanted = [prompt for prompt in asked.prompts if prompt.weight > 0]
        cannot = {
            "mask": order.mask is not None,
            "step_schedule_end": asked.step_schedule_end > 0,
            "clip_skip": asked.clip_skip > 0 and "clip_skip" not in self._takes,
            "negative_prompt": bool(_negative(asked)) and "negative_prompt" not in self._takes,
            "prompt weights": len(wanted) != 1 or wanted[0].weight != 1 or asked.prompts[0] is not wanted[0],
        }
        for what, asked_for in cannot.items():
            if asked_for:
                said = f"{what}: {self.model.alias} is run by a whole pipeline, which can't do that"
                raise Unsupported(said, remedy="Leave it out, or choose a model of Stable Diffusion 1, 2 or XL.")


def _negative(asked: Parameters) -> str:
    """The negative prompt and the texts of negative weight, as one."""
    return ", ".join(filter(None, (asked.negative_prompt, *(p.text for p in asked.prompts if p.weight < 0))))
