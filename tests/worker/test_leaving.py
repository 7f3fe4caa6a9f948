"""A worker whose device is lost gives back what it holds, leases no more, and leaves with the code that says so."""

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Never

import pytest

from jobs.errors import DeviceLost
from jobs.exits import DEVICE_LOST
from jobs.state import Lane
from tests.worker.test_yielding import planned, shop, take
from worker import ticket
from worker.backends import Prepared
from worker.chunk.run import run_chunk
from worker.workshop import Workshop

__all__ = ["shop"]


def test_a_lost_device_gives_the_lease_back_and_ends_the_worker(
    shop: Workshop,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    job = planned(shop, tmp_path, Lane.NORMAL, samples=8)
    lease = take(shop, first_chunk=8)
    left: list[int] = []
    gone = threading.Event()

    def leave(code: int) -> None:
        left.append(code)
        gone.set()

    def lost(_: Iterator[Prepared], *, stop: threading.Event, on_step: Callable[[int], None]) -> Iterator[Never]:
        del stop, on_step
        raise DeviceLost("the device's thread ended")
        yield

    monkeypatch.setattr(os, "_exit", leave)
    monkeypatch.setattr("worker.workshop.LEAVE_SECONDS", 0.01)
    monkeypatch.setattr(shop.backend, "render", lost)
    tally = run_chunk(lease, shop)
    gone.wait(20)
    view = shop.book.describe(job)

    assert left == [DEVICE_LOST]
    assert (tally.settled, tally.refused) == (0, 0)
    assert (view.leased, view.waiting, view.refused) == (0, 8, 0)
    assert ticket.render(shop) == 0
