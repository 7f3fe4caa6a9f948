"""Which device a worker takes, on machines that have several, one or none."""

import pytest

from worker.engine.device import chosen


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
