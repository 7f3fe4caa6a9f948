"""The engine on CUDA: bytes that depend on nothing else, graphs that change none, and memory that really ends."""

import random
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from jobs.models import ModelTable
from jobs.settings import Settings
from tests.engine.orders import order, outcomes, picture, pictures
from tests.engine.test_identity import mixed_orders
from worker.backends import Refused, Rendered
from worker.backends.local import LocalBackend

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device: the GPU path is not tested here")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("gpu")


def opened(folder: Path, speed: str, dtype: str = "bfloat16") -> LocalBackend:
    """A backend on the first GPU."""
    table = folder / "models.toml"
    table.write_text('[models.tiny]\nsource = "generated:tiny"\nrevision = "1"\nmultiple = 8\nrows = { default = 8 }\n')
    settings = Settings.model_validate({"cache_dir": folder, "device": "cuda", "dtype": dtype, "speed": speed})
    return LocalBackend(ModelTable.load(table), settings)


@pytest.fixture(scope="module", params=["plain", "graphs"])
def cuda(request: pytest.FixtureRequest, folder: Path) -> Iterator[LocalBackend]:
    """The engine in half precision, as it is and by CUDA graphs."""
    backend = opened(folder, request.param)
    yield backend
    backend.close()


def test_bytes_are_the_same_alone_shuffled_and_in_another_process_of_the_engine(
    cuda: LocalBackend, folder: Path
) -> None:
    orders = mixed_orders()
    together = pictures(outcomes(cuda, orders))

    shuffled = pictures(outcomes(cuda, random.Random(5).sample(orders, len(orders))))
    alone = {n: found for each in orders for n, found in pictures(outcomes(cuda, [each])).items()}
    other = opened(folder, cuda._settings.speed)
    try:
        again = pictures(outcomes(other, orders))
    finally:
        other.close()

    assert shuffled == together
    assert alone == together
    assert again == together


def test_a_worker_says_which_gpu_it_has(cuda: LocalBackend) -> None:
    cuda.warm()

    assert cuda.device_name == torch.cuda.get_device_name()


def test_single_precision_is_near_what_the_cpu_paints(folder: Path) -> None:
    gpu, cpu = (
        opened(folder, "plain", "float32"),
        LocalBackend(
            ModelTable.load(folder / "models.toml"), Settings(cache_dir=folder, device="cpu", dtype="float32")
        ),
    )
    try:
        there, here = (pictures(outcomes(backend, mixed_orders(6))) for backend in (gpu, cpu))
    finally:
        gpu.close()
        cpu.close()

    for index, found in there.items():
        off = np.abs(np.frombuffer(found, np.uint8).astype(int) - np.frombuffer(here[index], np.uint8).astype(int))
        assert off.mean() < 1


def test_graphs_are_captured_while_another_thread_puts_weights_on_the_gpu(folder: Path) -> None:
    backend, over = opened(folder, "graphs"), threading.Event()

    def load() -> None:
        while not over.is_set():
            torch.randn(1 << 20).to("cuda").sum().item()
            torch.cuda.empty_cache()

    loading = threading.Thread(target=load)
    loading.start()
    try:
        # Each size is a batch, and a graph, of its own.
        found = outcomes(backend, [order(n, pixels=picture(64 + 8 * n), steps=2) for n in range(6)])
    finally:
        over.set()
        loading.join()
        backend.close()

    assert [type(one) for one in found] == [Rendered] * 6


def test_a_batch_that_rested_paints_the_same_with_the_graph_that_it_has(cuda: LocalBackend) -> None:
    first = pictures(outcomes(cuda, mixed_orders(3)))

    outcomes(cuda, [order(pixels=picture(128))])  # another graph of the same memory in between

    assert pictures(outcomes(cuda, mixed_orders(3))) == first


def test_memory_that_ends_refuses_what_cannot_fit_and_the_engine_goes_on(cuda: LocalBackend) -> None:
    free, _ = torch.cuda.mem_get_info()
    hoard = torch.empty(max(0, free - (192 << 20)), dtype=torch.uint8, device="cuda")
    try:
        found = outcomes(cuda, [order(0, pixels=picture(1024), steps=2), order(1, steps=2)])
    finally:
        del hoard
        torch.cuda.empty_cache()
    after = outcomes(cuda, [order(2, steps=2)])

    refused = [one.error.code for one in found if isinstance(one, Refused)]
    assert len(found) == 2
    assert set(refused) <= {"out_of_memory"}
    assert [type(one) for one in after] == [Rendered]
