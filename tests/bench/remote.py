"""What the remote backend gets out of a server: its pictures a second, beside those of a bare client in a loop.

The server answers with the init image after a fixed time. What it can do with so many calls in flight, on this machine
and in this process, is what the bare client gets, which sends one ready request again and again and decodes nothing;
calls ÷ seconds, which no machine reaches, stands beside it.
"""

import statistics
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from api.cli.bench import Figure
from jobs.models import ModelTable
from jobs.wire import generation_pb2 as wire
from tests.engine.orders import order, picture
from tests.remote.wire_server import WireServer
from worker.backends import Order, Rendered
from worker.backends.remote.backend import RemoteBackend
from worker.backends.remote.calling import Line
from worker.backends.remote.remotes import Remote
from worker.backends.remote.wording import request_of
from worker.output.png import encode_png

NAME = "remote"
SUMMARY = "Images per second through the remote backend ÷ the loopback server's own limit, 8 in flight, 512 × 512."
RUNS = 7
CALLS = 8
SERVER_SECONDS = 0.2
IMAGES = 160
GOAL = 0.95


def run(progress: Callable[[str], None]) -> list[Figure]:
    """RUNS pairs of IMAGES pictures: by the backend, and by the bare client."""
    pixels = picture(512)
    made, bare = [], []
    with WireServer(seconds=SERVER_SECONDS) as server:
        remote = Remote(name="loopback", target=f"127.0.0.1:{server.port}", calls=CALLS)
        backend, line = RemoteBackend(ModelTable.load(), remote), Line(remote)
        try:
            for number in range(-1, RUNS):
                pair = _by_backend(backend, pixels), _by_hand(line, order(1, seed=1, pixels=pixels))
                if number >= 0:
                    made.append(pair[0])
                    bare.append(pair[1])
                    progress(f"pair {number + 1} of {RUNS}: {pair[0]:.2f} and {pair[1]:.2f} images/s")
        finally:
            backend.close()
            line.close()
    return _figures(made, bare)


def _by_backend(backend: RemoteBackend, pixels: object) -> float:
    first = order(0, seed=1, pixels=pixels)  # type: ignore[arg-type]

    def orders() -> Iterator[Order]:
        for index in range(IMAGES):
            yield replace(first, variant=replace(first.variant, index=index), fingerprint=f"{index:032x}")

    began = time.perf_counter()
    outcomes = list(backend.render(orders(), stop=threading.Event(), on_step=lambda _: None))
    seconds = time.perf_counter() - began
    assert len(outcomes) == IMAGES
    assert all(isinstance(outcome, Rendered) for outcome in outcomes)
    return IMAGES / seconds


def _by_hand(line: Line, one: Order) -> float:
    request = request_of(one, engine_id="tiny", preset="", init_png=encode_png(one.pixels, text={}))

    def ask(_: int) -> bool:
        return line.ask(wire.Request.FromString(request.SerializeToString()), begun=lambda _: None).complete

    began = time.perf_counter()
    with ThreadPoolExecutor(CALLS) as pool:
        assert all(pool.map(ask, range(IMAGES)))
    return IMAGES / (time.perf_counter() - began)


def _figures(made: list[float], bare: list[float]) -> list[Figure]:
    limit = CALLS / SERVER_SECONDS
    share = statistics.median(one / other for one, other in zip(made, bare, strict=True))
    return [
        Figure("remote backend ÷ the server's own limit, median", share, "×", f"≥ {GOAL:g} ×", share >= GOAL),
        Figure("the server's own limit (bare client), median", statistics.median(bare), "images/s"),
        Figure("remote backend, median", statistics.median(made), "images/s"),
        Figure("remote backend ÷ (calls ÷ seconds)", statistics.median(made) / limit, "×"),
    ]
