"""From an order to a row's state on the device, in the order in which diffusers' pipelines draw from the generator."""

from collections.abc import Iterator

import torch

from jobs.variant import Parameters, WeightedLora
from worker.backends import Order
from worker.engine.masks import Mask
from worker.engine.memo import Memo
from worker.engine.model import LoadedModel, Posterior
from worker.engine.row import Flight, Kept
from worker.engine.safety import Checker
from worker.engine.samplers import Templates
from worker.engine.texts import Text, blend
from worker.engine.whole import WholeModel

_TEXTS = 256  # 240 kB each for SD 1.x
_POSTERIORS = 128  # 130 kB each for 512 × 512 in SD 1.x


class Launcher:
    """Everything that one model needs to start rows. Called from the engine's thread only."""

    def __init__(self, model: LoadedModel) -> None:
        """Takes a loaded model; keeps the texts and pictures that it encoded last."""
        self.model = model
        self.adapters = model.adapters
        self.weight_bytes = model.weight_bytes
        self.templates = Templates(model.scheduler_config)
        self._texts: Memo[tuple[str, int, int, tuple[WeightedLora, ...]], Text] = Memo(_TEXTS)
        self._nothings: Memo[int, Text] = Memo(_TEXTS)
        self._posteriors: Memo[tuple[object, ...], Posterior] = Memo(_POSTERIORS)

    @property
    def alias(self) -> str:
        """The model's, in the table."""
        return self.model.model.alias

    @property
    def checker(self) -> Checker | None:
        """Who looks at its pictures before they go out, where it brings one along."""
        return self.model.checker

    def cost(self, asked: Parameters) -> int:
        """Batch rows that a variant takes while it is denoised: with guidance two."""
        return 2 if self._guided(asked) else 1

    def pieces(self, asked: Parameters) -> int:
        """Pieces of the longest prompt that a variant needs encoded.

        Raises:
            TooLarge: a prompt of more than the model reads.

        """
        return max(len(self.model.texts.pieces(text)) for side in self._sides(asked) for text, _ in side)

    def launch(self, order: Order) -> Flight:
        """The row's first latents: posterior sample, then noise, from a generator of its own. Its LoRAs are worn.

        Where the strength leaves no step to run, the latents are the posterior's mean: the picture through the
        autoencoder and back, whatever the seed.

        Raises:
            InvalidSpec: an unknown sampler, too many layers to pass over. TooLarge: a prompt that the model doesn't
                read to its end.

        """
        asked = order.variant.parameters
        trajectory = self.templates.trajectory(asked)
        generator = torch.Generator().manual_seed(asked.seed)
        if not trajectory.length:
            return Flight(self.model.latents(self._posterior(order), None), trajectory, generator, ())
        texts = self._encoded(asked)
        mask = Mask.of(order, self.model) if order.mask is not None or self.model.inpaints else None
        if mask is None:
            latents = self.model.latents(self._posterior(order), generator)
            noise = self.model.noise(latents.shape, generator)
            flight = Flight(trajectory.noised(latents, noise), trajectory, generator, texts)
        else:
            flight = self._masked(order, mask, Flight(mask.repaint, trajectory, generator, texts))
        trajectory.draw_like(flight.latents)
        return flight

    def _masked(self, order: Order, mask: Mask, flight: Flight) -> Flight:
        """As diffusers' inpainting pipeline begins: at full strength from noise alone."""
        model, trajectory, generator = self.model, flight.trajectory, flight.generator
        whole = order.variant.parameters.strength == 1
        clean = None
        if not (whole and model.inpaints):
            clean = model.latents(self._posterior(order), generator)
        height, width, _ = order.pixels.shape
        noise = model.noise((1, *model.latent_shape(width, height)), generator)
        if whole or clean is None:
            flight.latents = noise * trajectory.scheduler.init_noise_sigma
        else:
            flight.latents = trajectory.noised(clean, noise)
        # Drawn in any case, so that what the sampler draws later is what it draws in diffusers.
        blanked = model.latents(mask.blanked(order, model), generator)
        if model.inpaints:
            flight.beside = torch.cat([mask.hard, blanked], dim=1)
        elif clean is not None:
            flight.kept = Kept(mask.repaint, clean, noise)
        return flight

    def _posterior(self, order: Order) -> Posterior:
        height, width, _ = order.pixels.shape
        key = (order.image_sha256, width, height, order.variant.parameters.fit)
        return self._posteriors.get(key, lambda _: self.model.encode_image(order.pixels))

    def _guided(self, asked: Parameters) -> bool:
        return asked.cfg_scale > 1 and not self.model.takes_scale

    def _sides(self, asked: Parameters) -> Iterator[list[tuple[str, float]]]:
        """The texts to follow and, where guidance is on, those to avoid: negative prompt and negative weights."""
        yield [(p.text, p.weight) for p in asked.prompts if p.weight > 0] or [("", 1.0)]
        if self._guided(asked):
            unwanted = [(p.text, -p.weight) for p in asked.prompts if p.weight < 0]
            if asked.negative_prompt or not unwanted:
                unwanted.insert(0, (asked.negative_prompt, 1.0))
            yield unwanted

    def _encoded(self, asked: Parameters) -> tuple[Text, ...]:
        """The conditional text and, where guidance is on, the unconditional."""
        pieces = self.pieces(asked)
        wanted, *unwanted = self._sides(asked)
        first = self._blend(wanted, asked, pieces)
        if not unwanted:
            return (first,)
        if self.model.zeros_for_nothing and unwanted[0] == [("", 1.0)]:
            return first, self._nothings.get(pieces, lambda _: _nothing_like(first))
        return first, self._blend(unwanted[0], asked, pieces)

    def _blend(self, texts: list[tuple[str, float]], asked: Parameters, pieces: int) -> Text:
        def encode(key: tuple[str, int, int, tuple[WeightedLora, ...]]) -> Text:
            return self.model.texts.encode(key[0], skip=key[1], pieces=key[2])

        # LoRAs change the text encoders, too.
        keys = [((text, asked.clip_skip, pieces, asked.loras), weight) for text, weight in texts]
        return blend([(self._texts.get(key, encode), weight) for key, weight in keys])


def _nothing_like(text: Text) -> Text:
    return Text(torch.zeros_like(text.tokens), None if text.pooled is None else torch.zeros_like(text.pooled))


Loaded = Launcher | WholeModel
"""A model that is loaded: stepped by the engine, or run by whole calls."""
