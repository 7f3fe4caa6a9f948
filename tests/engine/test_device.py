"""Which device a worker takes, on machines that have several, one or none."""

import pytest
import torch

from jobs.cores import threads
from jobs.settings import Settings
from worker.engine.device import Device, chosen


@pytest.mark.parametrize(
    ("setting", "cuda", "mps", "device"),
    [
        ("auto", 0, False, "cpu"),
        ("auto", 0, True, "mps"),
        ("auto", 2, False, "cuda:0"),
        ("auto:1", 2, False, "cuda:1"),
        ("auto:2", 2, False, "cuda:0"),
        ("auto:1", 1, False, "cuda:0"),
        ("auto:1", 0, False, "cpu"),
        ("cuda:1", 4, False, "cuda:1"),
        ("cpu", 4, False, "cpu"),
    ],
)
def test_workers_spread_over_the_devices_that_are_there(setting: str, cuda: int, mps: bool, device: str) -> None:
    assert chosen(setting, cuda=cuda, mps=mps) == device


@pytest.mark.parametrize(
    ("cores", "workers", "each"), [(1, 1, 1), (2, 1, 1), (8, 1, 7), (8, 2, 3), (16, 4, 3), (4, 9, 1)]
)
def test_one_core_is_left_to_whatever_runs_beside_the_model(cores: int, workers: int, each: int) -> None:
    assert threads(cores, workers=workers) == each


def test_a_model_on_the_cpu_has_the_threads_that_were_said_or_all_but_one(monkeypatch: pytest.MonkeyPatch) -> None:
    before = torch.get_num_threads()
    monkeypatch.setattr("worker.engine.device.cores_here", lambda: 3)
    try:
        Device.open(Settings(device="cpu", threads=1))
        said = torch.get_num_threads()
        Device.open(Settings(device="cpu"))
        unsaid = torch.get_num_threads()
    finally:
        torch.set_num_threads(before)

    assert (said, unsaid) == (1, 2)
