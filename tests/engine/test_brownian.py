"""The noise of dpmpp_sde is diffusers' own, to the bit."""

import warnings
from itertools import pairwise

import numpy as np
import pytest
import torch
from diffusers import DPMSolverSDEScheduler
from diffusers.schedulers.scheduling_dpmsolver_sde import BrownianTreeNoiseSampler

from worker.engine.brownian import BrownianNoise
from worker.engine.seedwords import SeedWords


@pytest.mark.parametrize(
    ("seed", "steps", "karras", "begin"),
    [(0, 5, False, 0), (7, 20, True, 8), (2**32 - 1, 31, False, 3), (12345678901, 2, True, 0)],
)
def test_the_noise_of_every_step_is_the_one_that_diffusers_draws(
    seed: int, steps: int, karras: bool, begin: int
) -> None:
    scheduler = DPMSolverSDEScheduler(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear",
                                      use_karras_sigmas=karras)  # fmt: skip
    scheduler.set_timesteps(steps)
    sigmas = scheduler.sigmas
    like = torch.zeros(1, 4, 8, 6)
    theirs = BrownianTreeNoiseSampler(like, sigmas[sigmas > 0].min().item(), sigmas.max().item(), seed)
    ours = BrownianNoise(like, sigmas, seed)

    # Each step asks twice: to its middle, then to its end; as the scheduler goes there, by logarithms.
    fine = sigmas.unique().flip(0)[begin:-1]
    pairs = [(a, to) for a, b in pairwise(fine) for to in ((a * b).sqrt(), b)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = [theirs(*((each.log().neg()).neg().exp() for each in pair)) for pair in pairs]
    found = [ours(*((each.log().neg()).neg().exp() for each in pair)) for pair in pairs]

    assert len(found) >= 2 * (steps - begin - 1)
    assert all(torch.equal(a, b) for a, b in zip(found, expected, strict=True))
    assert len({each.numpy().tobytes() for each in found}) == len(found)


@pytest.mark.parametrize("seed", [0, 1, 7, 2**32 - 1, 2**32, 12345678901, 2**100 + 3])
@pytest.mark.parametrize("key", [(), (0,), (3, 1), (2**24 - 1, 24), (2**32 - 1, 0, 5)])
def test_the_first_word_of_a_spawned_seed_is_numpys(seed: int, key: tuple[int, ...]) -> None:
    for pool in (4, 24):
        wanted = np.random.SeedSequence(seed, spawn_key=key, pool_size=pool).generate_state(1)[0]

        assert SeedWords(seed, pool_words=pool).first(key) == wanted
