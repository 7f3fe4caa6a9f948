"""Measures the demo model against what it promises, on compositions that it was never shown."""

import random
import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from diffusers import StableDiffusionImg2ImgPipeline
from PIL import Image

from worker.demo_model.grammar import COLOURS, LIGHTS, MEDIA, SCENES, Wish, plain_caption
from worker.demo_model.judge import Judge, colour_word, likeness
from worker.demo_model.media import Pixels
from worker.demo_model.painting import paint

COLOURLESS = ("blueprint",)
STRENGTHS = (0.3, 0.45, 0.6, 0.75, 0.9)
_MIDDLE = 0.6  # where media, colours and guidance are measured
STEPS = 20
CFG_SCALE = 2.0
_BATCH = 16


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """An init image in plain paint, what it shows, and the wish to repaint it by."""

    init: Pixels
    shown: Wish
    wish: Wish
    seed: int


def trials(count: int, *, scene_kept: bool) -> Iterator[Trial]:
    """`count` held-out compositions; the wish has another colour and another medium, or another scene as well."""
    for seed in range(count):
        dice = random.Random(seed)  # noqa: S311 — pictures, not secrets
        scene = tuple(SCENES)[seed % len(SCENES)]
        colour, other = dice.sample(tuple(COLOURS), 2)
        shown = Wish(scene, colour, dice.choice(tuple(LIGHTS)), "plain")
        wish = replace(shown, colour=other, medium=tuple(MEDIA)[seed % len(MEDIA)])
        if not scene_kept:
            wish = replace(wish, scene=dice.choice([name for name in SCENES if name != scene]))
        yield Trial(paint(shown, seed).pixels, shown, wish, seed)


class Repainter:
    """The model, loaded by diffusers alone and called in batches."""

    def __init__(self, folder: Path, device: str = "cpu") -> None:
        """Reads the folder as anybody would."""
        options = {"safety_checker": None, "feature_extractor": None, "requires_safety_checker": False}
        self._pipeline = StableDiffusionImg2ImgPipeline.from_pretrained(folder, dtype=torch.float32, **options)
        self._pipeline.to(device).set_progress_bar_config(disable=True)

    def __call__(self, trials: Sequence[Trial], strength: float, cfg_scale: float = CFG_SCALE) -> list[Pixels]:
        """What the model makes of them."""
        found: list[Pixels] = []
        for start in range(0, len(trials), _BATCH):
            batch = trials[start : start + _BATCH]
            pictures = self._pipeline(
                [plain_caption(trial.wish) for trial in batch],
                image=[Image.fromarray(trial.init) for trial in batch],
                strength=strength,
                guidance_scale=cfg_scale,
                num_inference_steps=STEPS,
                generator=[torch.Generator().manual_seed(trial.seed) for trial in batch],
                output_type="np",
            ).images
            found += list(np.round(pictures * 255).astype(np.uint8))
        return found


@dataclass(frozen=True, slots=True)
class Report:
    """Shares are 0..1; likeness is a correlation with the init image; difference in levels of 255."""

    media: dict[str, float]
    media_unguided: float
    colours: float
    likeness: dict[float, float]
    scene_asked: float
    scene_given: float
    guidance_difference: float


def measure(folder: Path, scenes: int, progress: Callable[[str], None], device: str = "cpu") -> Report:
    """All of it, on so many held-out scenes."""
    judge, repaint = Judge.taught(160), Repainter(folder, device)
    kept = list(trials(scenes, scene_kept=True))
    media, obeyed = {}, []
    for medium in MEDIA:
        asked = [replace(trial, wish=replace(trial.wish, medium=medium)) for trial in kept]
        made = repaint(asked, _MIDDLE)
        media[medium] = statistics.mean(judge.medium(picture) == medium for picture in made)
        if medium not in COLOURLESS:
            obeyed += [colour_word(p) == trial.wish.colour for p, trial in zip(made, asked, strict=True)]
        progress(f"{medium}: recognised in {media[medium]:.0%}")
    guided, unguided = repaint(kept, _MIDDLE), repaint(kept, _MIDDLE, 1.0)
    alike = {}
    for strength in STRENGTHS:
        made = guided if strength == _MIDDLE else repaint(kept, strength)
        alike[strength] = statistics.mean(likeness(p, trial.init) for p, trial in zip(made, kept, strict=True))
        progress(f"strength {strength}: likeness {alike[strength]:.3f}")
    moved = list(trials(scenes, scene_kept=False))
    said = [judge.scene(p, trial.wish.medium) for p, trial in zip(repaint(moved, 0.9), moved, strict=True)]
    return Report(
        media,
        statistics.mean(judge.medium(p) == trial.wish.medium for p, trial in zip(unguided, kept, strict=True)),
        statistics.mean(obeyed),
        alike,
        statistics.mean(word == trial.wish.scene for word, trial in zip(said, moved, strict=True)),
        statistics.mean(word == trial.shown.scene for word, trial in zip(said, moved, strict=True)),
        float(np.mean([np.abs(a.astype(int) - b).mean() for a, b in zip(guided, unguided, strict=True)])),
    )
