"""A call that ends at any moment takes nobody along."""

import threading
from dataclasses import replace
from pathlib import Path

import pytest

from jobs.errors import DeviceLost
from jobs.models import ModelTable
from jobs.settings import Settings
from tests.engine.orders import order, outcomes, pictures
from worker.backends.local import LocalBackend


def test_a_call_that_closes_between_the_choice_and_the_step_leaves_the_engine_alive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = LocalBackend(ModelTable.load(), Settings(cache_dir=tmp_path, device="cpu", threads=1))
    quick, armed, stop = order(0, steps=2, strength=1.0, cfg_scale=1.0), threading.Event(), threading.Event()
    engine = backend._open().engine
    take_in = engine._take_in

    def close_all(*, wait: bool) -> None:
        take_in(wait=wait)
        if armed.is_set() and not wait:
            armed.clear()
            for call in engine._calls:
                call.closed.set()
            stop.set()

    monkeypatch.setattr(engine, "_take_in", close_all)
    try:
        crowd = backend.render((replace(quick) for _ in range(10_000)), stop=stop, on_step=lambda _: None)
        next(crowd)
        armed.set()
        list(crowd)

        assert list(pictures(outcomes(backend, [quick]))) == [0]
    finally:
        backend.close()


def test_a_fault_of_the_loop_itself_tells_every_caller_that_the_device_is_lost(
    cache_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = LocalBackend(ModelTable.load(), Settings(cache_dir=cache_dir, device="cpu", threads=1))
    engine = backend._open().engine

    def break_down() -> None:
        raise SystemExit("a fault of our own")

    monkeypatch.setattr(engine._batcher, "choose", break_down)
    try:
        for _ in range(2):  # whoever was there, and whoever comes later
            with pytest.raises(DeviceLost, match="SystemExit"):
                outcomes(backend, [order(0), order(1)])
    finally:
        backend.close()
