"""A sweep as regular as they come, where batching whole calls is at its best: the engine must not be slower."""

from collections.abc import Callable
from functools import partial

from api.cli.bench import Figure
from tests.bench._engine import compared, group_of, one, parameters, picture, ratio, rig

NAME = "engine-regular"
SUMMARY = "2 images × 8 prompts × 4 strengths, all else equal: the engine ÷ diffusers called by group."
RUNS = 3
GOAL = 1.0
PROMPTS = [f"{medium} of a {subject}" for medium in ("oil", "crayon") for subject in ("boat", "boot", "sea", "storm")]
MODELS = (("bench-tiny", 64), ("bench-small", 128))


def run(progress: Callable[[str], None]) -> list[Figure]:
    """RUNS rounds of engine and groups, for each model."""
    figures = []
    for model, size in MODELS:
        cells = [
            (image, prompt, strength) for image in range(2) for prompt in PROMPTS for strength in (0.3, 0.5, 0.7, 0.9)
        ]
        orders = [
            one(model, index, picture(size, image), parameters(index, strength=strength, prompt=prompt))
            for index, (image, prompt, strength) in enumerate(cells)
        ]
        with rig(model, size) as rigged:
            acts = (partial(rigged.engine, orders), partial(rigged.grouped, orders))
            engine, grouped = compared(RUNS, *acts)
        over = ratio(grouped, engine)
        groups = len({group_of(order) for order in orders})
        progress(f"{model} {size}²: {len(orders)} variants in {groups} groups")
        figures.append(Figure(f"{model} {size}²: by group ÷ engine", over, "×", f"≥ {GOAL:g}", over >= GOAL))
    return figures
