"""From an order to a row's state on the device, in the order in which diffusers' pipeline draws from its generator."""

import torch

from worker.backends import Order
from worker.engine.memo import Memo
from worker.engine.model import LoadedModel, Posterior
from worker.engine.row import Flight
from worker.engine.samplers import Templates

_TEXTS = 256  # 240 kB each for SD 1.x
_POSTERIORS = 128  # 130 kB each for 512 × 512 in SD 1.x


class Launcher:
    """Everything that one model needs to start rows. Called from the engine's thread only."""

    def __init__(self, model: LoadedModel) -> None:
        """Takes a loaded model; keeps the texts and pictures that it encoded last."""
        self.model = model
        self.templates = Templates(model.scheduler_config)
        self._texts: Memo[str, torch.Tensor] = Memo(_TEXTS)
        self._posteriors: Memo[tuple[object, ...], Posterior] = Memo(_POSTERIORS)

    def launch(self, order: Order) -> Flight:
        """The row's first latents: posterior sample, then noise, from a generator of its own.

        Where the strength leaves no step to run, the latents are the posterior's mean: the picture through the
        autoencoder and back, whatever the seed.

        Raises:
            InvalidSpec: an unknown sampler. TooLarge: a prompt that the model doesn't read to its end.

        """
        asked = order.variant.parameters
        trajectory = self.templates.trajectory(asked.sampler, asked.steps, asked.strength)
        posterior = self._posterior(order)
        generator = torch.Generator().manual_seed(asked.seed)
        if not trajectory.moments:
            return Flight(self.model.latents(posterior, None), trajectory, generator, ())
        texts = self._encoded(order)
        latents = self.model.latents(posterior, generator)
        noise = self.model.noise(latents.shape, generator)
        return Flight(trajectory.noised(latents, noise), trajectory, generator, texts)

    def _posterior(self, order: Order) -> Posterior:
        height, width, _ = order.pixels.shape
        key = (order.image_sha256, width, height, order.variant.parameters.fit)
        return self._posteriors.get(key, lambda _: self.model.encode_image(order.pixels))

    def _encoded(self, order: Order) -> tuple[torch.Tensor, ...]:
        """The conditional text and, where guidance is on, the unconditional: negative prompt and negative weights."""
        asked = order.variant.parameters
        wanted = [(p.text, p.weight) for p in asked.prompts if p.weight > 0] or [("", 1.0)]
        if asked.cfg_scale <= 1:
            return (self._blend(wanted),)
        unwanted = [(p.text, -p.weight) for p in asked.prompts if p.weight < 0]
        if asked.negative_prompt or not unwanted:
            unwanted.insert(0, (asked.negative_prompt, 1.0))
        return self._blend(wanted), self._blend(unwanted)

    def _blend(self, texts: list[tuple[str, float]]) -> torch.Tensor:
        known = self._texts
        return self.model.blend([(known.get(text, self.model.encode_text), weight) for text, weight in texts])
