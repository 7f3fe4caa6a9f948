"""Everything mixed in one batch, and each picture beside what diffusers' pipeline makes of it alone."""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray

from api.cli.bench import Figure
from jobs.samplers import AVAILABLE
from tests.bench._engine import one, parameters, picture, rig

NAME = "engine-parity"
SUMMARY = "All samplers, strengths and cfg scales in one batch beside the pipeline called alone with the same seeds."
RUNS = 1
GOAL_SHARE = 0.01  # per cent


def run(progress: Callable[[str], None]) -> list[Figure]:
    """Each sampler with each of three strengths and three cfg scales."""
    model, size = "bench-tiny", 64
    cells = [(s, strength, cfg) for s in sorted(AVAILABLE) for strength in (0.3, 0.6, 1.0) for cfg in (1.0, 4.0, 9.0)]
    orders = [
        one(model, n, picture(size), parameters(n, sampler=s, strength=strength, cfg_scale=cfg, steps=12))
        for n, (s, strength, cfg) in enumerate(cells)
    ]
    with rig(model, size) as rigged:
        rigged.pipeline.unet.to(memory_format=torch.channels_last)  # as in the engine; another format rounds otherwise
        made, alone = rigged.engine(orders), rigged.naive(orders)
    off: dict[str, list[NDArray[np.int64]]] = {s: [] for s in sorted(AVAILABLE)}
    for n, (sampler, _, _) in enumerate(cells):
        off[sampler].append(np.abs(made[n].astype(np.int64) - alone[n].astype(np.int64)))
    for sampler, found in off.items():
        progress(f"{sampler}: {100 * np.mean([(each > 0).mean() for each in found]):.4f} % of values differ")
    whole = np.concatenate([each.ravel() for found in off.values() for each in found])
    share, most = 100 * float((whole > 0).mean()), float(whole.max())
    return [
        Figure("pictures compared", len(orders), ""),
        Figure("largest difference", most, "levels", "≤ 1", most <= 1),
        Figure("channel values that differ", share, "%", f"≤ {GOAL_SHARE:g} %", share <= GOAL_SHARE),
    ]
