"""A remote as a backend: threads that call, and one that keeps leases alive and ends calls that nobody waits for."""

import logging
import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from queue import SimpleQueue
from typing import TypeVar

import numpy as np

from jobs.errors import PentimentoError, RemoteUnavailable
from jobs.models import ModelTable
from jobs.variant import Variant, fingerprint
from worker.backends import Abilities, Order, Outcome, Prepared, Refused, Rendered
from worker.backends.call import Call
from worker.backends.remote.calling import CallFailed, Line, Stream
from worker.backends.remote.faults import Later, counts_as_down, decide
from worker.backends.remote.gate import Gate
from worker.backends.remote.reading import Gathering
from worker.backends.remote.remotes import Remote
from worker.backends.remote.wording import SAMPLERS, request_of
from worker.intake.cache import OnceCache
from worker.output.png import encode_png

T = TypeVar("T")

_log = logging.getLogger(__name__)
_PULSE_SECONDS = 0.1
_MOST_SPARE_THREADS = 4
"""Beside one for each call: while one waits to ask again, another has its place."""
_READERS = 2
"""Pictures are decoded apart from the calls: a decoder holds the interpreter for milliseconds, and where a whole round
of calls is answered at once, their successors would wait for it."""
_PNG_CACHE_BYTES = 64 << 20


@dataclass(slots=True, eq=False)
class _Flight:
    """An order on its way: its call, and the stream while there is one."""

    order: Order
    call: Call
    stream: Stream | None = None


@dataclass(frozen=True, slots=True, eq=False)
class _Answered:
    """A call that came to its end, and how long it took."""

    gathered: Gathering
    seconds: float

    def rendered(self, order: Order) -> Rendered:
        """The picture; raises what `Gathering.pixels` does."""
        return Rendered(order, self.gathered.pixels(order), self.seconds)


class RemoteBackend:
    """See `worker.backends.Backend`. Seconds of a picture are those of the call that brought it."""

    def __init__(self, table: ModelTable, remote: Remote, *, draw: Callable[[], float] = random.random) -> None:
        """Opens the channel, which connects at the first order. `draw`: 0..1, spreads retries."""
        self.remote = remote
        self._table = table
        self._engines = dict(remote.models) or {alias: alias for alias in table.models}
        for alias in self._engines:
            table.resolve(alias)
        self._draw = draw
        self._line = Line(remote)
        self._gate = Gate(remote, clock=time.monotonic, random=draw)
        self._pngs: OnceCache[tuple[object, ...], bytes] = OnceCache(_PNG_CACHE_BYTES, len)
        self._inbox: SimpleQueue[_Flight | None] = SimpleQueue()
        self._flights: set[_Flight] = set()
        self._closing = threading.Event()
        self._places = threading.Semaphore(remote.calls)
        threads = remote.calls + min(remote.calls, _MOST_SPARE_THREADS)
        names = [(self._pulse, "pulse"), *((self._fly, f"remote-{number}") for number in range(threads))]
        self._readers = ThreadPoolExecutor(_READERS, thread_name_prefix="remote-read")
        self._threads = [threading.Thread(target=run, name=name, daemon=True) for run, name in names]
        for thread in self._threads:
            thread.start()

    def warm(self) -> None:
        """Nothing to do: the other side has its models ready or not."""

    @property
    def abilities(self) -> Abilities:
        """The models that the remote is said to have; every sampler that the wire has a name for."""
        return Abilities(models=frozenset(self._engines), samplers=frozenset(SAMPLERS))

    @property
    def device_name(self) -> str:
        """The remote's, which it does not tell."""
        return ""

    @property
    def loaded(self) -> frozenset[str]:
        """What the other side has in memory is not known."""
        return frozenset()

    @property
    def loading(self) -> Mapping[str, int]:
        """Nothing ever is."""
        return {}

    def fingerprint(self, variant: Variant, *, image_sha256: str, width: int, height: int) -> str:
        """See `worker.backends.Backend`. What the remote has changed behind its engine's name, it can't know."""
        model = self._table.resolve(variant.parameters.model)
        return fingerprint(
            variant.parameters,
            image_sha256=image_sha256,
            model_revision=self._engines.get(model.alias, model.alias),
            engine=f"remote {self.remote.target} {self.remote.preset}".strip(),
            device_kind=f"{width}x{height}",
            rows=1,
        )

    def render(
        self, orders: Iterator[Prepared], *, stop: threading.Event, on_step: Callable[[int], None]
    ) -> Iterator[Outcome]:
        """See `worker.backends.Backend`."""
        call = Call(on_step, room=2 * self.remote.calls)
        return call.outcomes(orders, lambda order: self._inbox.put(_Flight(order, call)), stop=stop)

    def close(self) -> None:
        """End every call and thread."""
        self._closing.set()
        for _ in self._threads:
            self._inbox.put(None)
        self._line.close()
        for thread in self._threads:
            thread.join()
        self._readers.shutdown(cancel_futures=True)

    def _fly(self) -> None:
        while (flight := self._inbox.get()) is not None and not self._closing.is_set():
            if flight.call.closed.is_set():
                continue
            self._flights.add(flight)
            answer = self._kept_alone(flight, partial(self._carry, flight))
            if isinstance(answer, _Answered):
                self._readers.submit(self._read, flight, answer)
            else:
                self._land(flight, answer)

    def _read(self, flight: _Flight, answer: _Answered) -> None:
        """The picture of a call that was answered."""
        self._land(flight, self._kept_alone(flight, lambda: answer.rendered(flight.order)))

    def _kept_alone(self, flight: _Flight, act: Callable[[], T]) -> T | Refused:
        """What `act` gives; whatever it raises is the fault of one picture, and no thread's end."""
        try:
            return act()
        except PentimentoError as error:
            return Refused(flight.order.variant, error)
        except Exception as error:  # noqa: BLE001 — one picture, not the thread
            with flight.call.about(flight.order.variant.index):
                _log.exception("a call to %s failed", self.remote.name)
            return Refused(flight.order.variant, RemoteUnavailable(f"the call failed: {type(error).__name__}"))

    def _land(self, flight: _Flight, outcome: Outcome | None) -> None:
        self._flights.discard(flight)
        if outcome is not None:
            flight.call.step(flight.order.variant.index)
            flight.call.deliver(outcome)

    def _carry(self, flight: _Flight) -> _Answered | Refused | None:
        """Call until there is an answer or no hope of one; None where nobody waits for one any more."""
        over, attempt, waited = flight.call.closed, 0, 0.0
        while not over.is_set():
            came = time.monotonic()
            let_in = self._gate.enter(over=over, until=came + self.remote.patience_seconds - waited)
            waited += time.monotonic() - came
            if not let_in:
                break
            try:
                return self._ask(flight)
            except CallFailed as error:
                failure = error.failure
            if over.is_set() or self._closing.is_set():
                return None
            if counts_as_down(failure.code):
                self._gate.failed()
            verdict = decide(failure, self.remote, attempt=attempt, waited_seconds=waited, random=self._draw())
            if not isinstance(verdict, Later):
                return Refused(flight.order.variant, verdict)
            over.wait(verdict.delay_seconds)
            waited += verdict.delay_seconds
            attempt += 1
        if over.is_set():
            return None
        said = f"{self.remote.name} ({self.remote.target}) is away and was left alone"
        return Refused(flight.order.variant, RemoteUnavailable(said, remedy="The job asks again later."))

    def _ask(self, flight: _Flight) -> _Answered:
        order = flight.order
        alias = self._table.resolve(order.variant.parameters.model).alias
        request = request_of(
            order,
            engine_id=self._engines.get(alias, alias),
            preset=self.remote.preset,
            init_png=self._png(order),
            mask_png=b"" if order.mask is None else encode_png(np.repeat(order.mask[..., None], 3, axis=2), text={}),
        )

        def begun(stream: Stream) -> None:
            flight.stream = stream

        with self._places:
            began = time.perf_counter()
            gathered = self._line.ask(request, begun=begun)
            seconds = time.perf_counter() - began
        self._gate.answered()
        return _Answered(gathered, seconds)

    def _png(self, order: Order) -> bytes:
        height, width = order.pixels.shape[:2]
        key = (order.image_sha256, width, height, order.variant.parameters.fit)
        return self._pngs.get(key, lambda: encode_png(order.pixels, text={}))

    def _pulse(self) -> None:
        """Report each flight as alive (its deadline and patience bound it), and cancel those that nobody waits for."""
        while not self._closing.wait(_PULSE_SECONDS):
            for flight in list(self._flights):
                if not flight.call.closed.is_set():
                    flight.call.step(flight.order.variant.index)
                elif flight.stream is not None:
                    flight.stream.cancel()
