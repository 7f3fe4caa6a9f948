"""A worker is told to end by signals that may come while the last one is still being heard."""

import os
import signal
import threading
from collections.abc import Iterator
from queue import Queue

import pytest

from worker.farewell import SIGNALS, Farewell


@pytest.fixture
def handlers() -> Iterator[None]:
    """What the test process does with the signals comes back."""
    before = [(number, signal.getsignal(number)) for number in SIGNALS]
    yield
    for number, handler in before:
        signal.signal(number, handler)


@pytest.mark.usefixtures("handlers")
@pytest.mark.parametrize("second", SIGNALS)
def test_the_second_signal_is_heard_in_the_middle_of_what_the_first_one_does(second: signal.Signals) -> None:
    lock, told = threading.Lock(), Queue[str]()
    calls: list[int] = []

    def as_celery_does(number: int, _frame: object) -> None:
        calls.append(number)
        with lock:
            os.kill(os.getpid(), second)

    signal.signal(signal.SIGTERM, as_celery_does)
    Farewell(first=lambda: told.put("first"), again=lambda: told.put("again")).listen()

    os.kill(os.getpid(), signal.SIGTERM)
    heard = [told.get(timeout=30) for _ in range(2)]
    os.kill(os.getpid(), signal.SIGTERM)

    assert (heard, calls) == (["first", "again"], [signal.SIGTERM])
    assert told.empty()
