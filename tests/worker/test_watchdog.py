"""A device that hangs ends its worker; a slow store, a slow download and a long queue do not."""

import threading
from collections.abc import Iterator

from tests.ledger.conftest import Clock
from worker.health.watchdog import Watchdog


def dog(clock: Clock, ended: threading.Event | None = None) -> Watchdog:
    return Watchdog(60, clock=clock, end=(ended or threading.Event()).set)


def echo(orders: Iterator[int]) -> Iterator[int]:
    """A device that is done at once."""
    yield from orders


def hung_after(watchdog: Watchdog, clock: Clock, seconds: float) -> bool:
    """Whether a device that takes an order and then so long for it counts as hung meanwhile."""
    said = []

    def device(orders: Iterator[int]) -> Iterator[int]:
        for order in orders:
            clock.now += seconds
            said.append(watchdog.hangs())
            yield order

    assert list(watchdog.around(device, iter([1]))) == [1]
    return said[0]


def test_a_device_without_a_step_hangs_and_not_a_second_before() -> None:
    clock = Clock()
    watchdog = dog(clock)

    assert not hung_after(watchdog, clock, 60)
    assert hung_after(watchdog, clock, 61)


def test_a_step_for_anybody_is_progress() -> None:
    clock = Clock()
    watchdog = dog(clock)
    said = []

    def device(orders: Iterator[int]) -> Iterator[int]:
        for order in orders:
            for _ in range(3):
                clock.now += 50
                watchdog.stepped()
                said.append(watchdog.hangs())
            yield order

    list(watchdog.around(device, iter([1])))

    assert said == [False] * 3


def test_whoever_waits_for_the_store_does_not_wait_for_the_device() -> None:
    clock = Clock()
    watchdog = dog(clock)

    outcomes = watchdog.around(echo, iter([1, 2]))
    next(outcomes)
    clock.now += 1000

    assert not watchdog.hangs()


def test_a_download_that_takes_long_is_not_the_devices() -> None:
    clock = Clock()
    watchdog = dog(clock)
    said = []

    def orders() -> Iterator[int]:
        clock.now += 1000
        said.append(watchdog.hangs())
        yield 1

    list(watchdog.around(echo, orders()))

    assert said == [False]


def test_the_worker_is_ended_once() -> None:
    clock, ended = Clock(), threading.Event()
    watchdog = Watchdog(0.2, clock=clock, end=ended.set)
    watchdog.start()

    def device(orders: Iterator[int]) -> Iterator[int]:
        for order in orders:
            clock.now += 1
            assert ended.wait(10)
            yield order

    list(watchdog.around(device, iter([1])))

    assert ended.is_set()
