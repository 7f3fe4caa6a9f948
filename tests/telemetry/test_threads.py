"""Threads that go on with a chunk's work say in the log which it is."""

import threading
from collections.abc import Iterator

from jobs.telemetry.logs import about, told
from worker.backends import Prepared
from worker.backends.call import Call


def test_what_pulls_orders_and_what_renders_them_log_about_the_chunk_that_called() -> None:
    seen: list[dict[str, str | int]] = []

    def orders() -> Iterator[Prepared]:
        seen.append(told())
        yield from ()

    with about(job="j1", chunk="0-7"):
        call = Call(lambda _: None, room=1)
        list(call.outcomes(orders(), lambda _: None, stop=threading.Event()))
    with call.about(3):
        seen.append(told())

    assert seen == [{"job": "j1", "chunk": "0-7"}, {"job": "j1", "chunk": "0-7", "variant": 3}]
    assert told() == {}
