"""Same spec, same bytes: a picture doesn't know its neighbours, its place in the batch, or who else is rendering."""

import random
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from jobs.models import ModelTable
from jobs.settings import Settings
from jobs.variant import WeightedPrompt
from tests.engine.orders import order, outcomes, picture, pictures
from worker.backends import Order
from worker.backends.local import LocalBackend
from worker.engine.batch import Batch
from worker.engine.model import LoadedModel
from worker.engine.row import Flight, Row
from worker.engine.traces import Traces

SAMPLER_NAMES = ("ddim", "euler_ancestral", "dpmpp_2m", "heun", "euler")


def mixed_orders(count: int = 14) -> list[Order]:
    """Orders of which no two are alike in sampler, steps, strength and guidance."""
    return [
        order(
            index,
            sampler=SAMPLER_NAMES[index % len(SAMPLER_NAMES)],
            steps=3 + index % 4,
            strength=(0.4, 0.7, 1.0)[index % 3],
            cfg_scale=(1.0, 3.0, 8.0)[index % 3],
            seed=index,
            pixels=picture(turn=index % 4),
        )
        for index in range(count)
    ]


def test_bytes_are_the_same_alone_and_shuffled(local: LocalBackend) -> None:
    orders = mixed_orders()
    together = pictures(outcomes(local, orders))

    shuffled = pictures(outcomes(local, random.Random(5).sample(orders, len(orders))))
    alone = {index: bytes_ for each in orders for index, bytes_ in pictures(outcomes(local, [each])).items()}

    assert shuffled == together
    assert alone == together
    assert len(set(together.values())) == len(orders)


def test_bytes_are_the_same_among_other_callers_rows(local: LocalBackend) -> None:
    orders = mixed_orders()
    expected = pictures(outcomes(local, orders))
    strangers = [replace_seed(each, 1000) for each in reversed(orders)]
    gate = threading.Barrier(3)

    def render(mine: list[Order]) -> dict[int, bytes]:
        gate.wait()
        return pictures(outcomes(local, mine))

    with ThreadPoolExecutor(3) as callers:
        found, _, larger = callers.map(render, [orders, strangers, [order(0, pixels=picture(128), steps=4)]])

    assert found == expected
    assert len(larger) == 1


def test_two_callers_rows_share_batches(local: LocalBackend, monkeypatch: pytest.MonkeyPatch) -> None:
    shared: list[int] = []
    predict = Batch.predict

    def counted(batch: Batch, rows: Sequence[tuple[Row, Flight]]) -> object:
        shared.append(len({row.call for row, _ in rows}))
        return predict(batch, rows)

    monkeypatch.setattr(Batch, "predict", counted)
    gate = threading.Barrier(2)

    def render(seed: int) -> int:
        gate.wait()
        return len(outcomes(local, [replace_seed(order(index), seed) for index in range(12)]))

    with ThreadPoolExecutor(2) as callers:
        counts = list(callers.map(render, [0, 100]))

    assert counts == [12, 12]
    assert max(shared) == 2


def test_a_negative_weight_is_a_negative_prompt_and_no_weight_is_no_prompt(local: LocalBackend) -> None:
    text = WeightedPrompt("a calm sea")
    orders = [
        order(0, prompts=(text,), negative_prompt="blurry"),
        order(1, prompts=(text, WeightedPrompt("blurry", -0.5))),
        order(2, prompts=(text, WeightedPrompt("a cat", 0.0)), negative_prompt="blurry"),
        order(3, prompts=(text, WeightedPrompt("a cat", 0.5)), negative_prompt="blurry"),
    ]

    shown = pictures(outcomes(local, orders))

    assert shown[0] == shown[1] == shown[2]
    assert shown[3] != shown[0]


def test_the_seed_the_prompt_and_the_picture_each_change_the_bytes(local: LocalBackend) -> None:
    orders = [order(0), order(1, seed=8), order(2, negative_prompt="a cat"), order(3, pixels=picture(turn=1))]

    found = pictures(outcomes(local, orders))

    assert len(set(found.values())) == len(orders)


def test_strength_zero_is_the_picture_through_the_autoencoder_whatever_the_seed(local: LocalBackend) -> None:
    orders = [order(0, strength=0.0), order(1, strength=0.1, steps=9, seed=99), order(2, strength=0.0, cfg_scale=1.0)]

    shown = pictures(outcomes(local, orders))

    assert shown[0] == shown[1] == shown[2]
    source = picture().astype(int)
    near = np.abs(np.frombuffer(shown[0], np.uint8).reshape(source.shape).astype(int) - source)
    assert near.mean() < 12


def replace_seed(each: Order, seed: int) -> Order:
    """The same order with another seed."""
    parameters = replace(each.variant.parameters, seed=seed + each.variant.index)
    return replace(each, variant=replace(each.variant, parameters=parameters))


def test_free_rows_compute_no_padding_and_say_so_in_the_fingerprint(
    local: LocalBackend, cache_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []
    denoise = LoadedModel.denoise

    def counted(model: LoadedModel, latents: torch.Tensor, *rest: object) -> torch.Tensor:
        seen.append(latents.shape[0])
        return denoise(model, latents, *rest)  # type: ignore[arg-type]

    orders = mixed_orders(5)
    expected = pictures(outcomes(local, orders))
    monkeypatch.setattr(LoadedModel, "denoise", counted)
    free = LocalBackend(ModelTable.load(), Settings(cache_dir=cache_dir, device="cpu", threads=1, rows="free"))
    try:
        found = pictures(outcomes(free, orders))
        asked, image = orders[0].variant, "a" * 64
        said = [each.fingerprint(asked, image_sha256=image, width=64, height=64) for each in (free, local)]
    finally:
        free.close()

    assert len(set(seen)) > 1
    assert max(seen) <= 8
    for index, picture_ in found.items():
        off = np.frombuffer(picture_, np.uint8).astype(int) - np.frombuffer(expected[index], np.uint8)
        assert np.abs(off).max() <= 1
    assert said[0] != said[1]


def test_a_recorded_step_has_the_bits_of_one_that_is_not(
    local: LocalBackend, cache_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded: list[object] = []
    run = Traces.run

    def counted(traces: Traces, *rest: object) -> torch.Tensor:
        recorded.append(rest[0])
        return run(traces, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(Traces, "run", counted)
    orders = [*mixed_orders(), order(20, prompts=(WeightedPrompt("a boat on the sea " * 20),))]
    found = pictures(outcomes(local, orders))
    steps = len(recorded)
    plain = LocalBackend(ModelTable.load(), Settings(cache_dir=cache_dir, device="cpu", threads=1, speed="plain"))
    try:
        expected = pictures(outcomes(plain, orders))
        asked, image = orders[0].variant, "a" * 64
        said = {each.fingerprint(asked, image_sha256=image, width=64, height=64) for each in (plain, local)}
    finally:
        plain.close()

    assert found == expected
    assert len(said) == 1
    assert steps == len(recorded) > 0
