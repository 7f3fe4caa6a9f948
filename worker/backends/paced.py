"""A backend that takes its time and returns the init image: what drills and benches of the control plane run on.

Like a device it computes one order after the other, whoever they come from. It decides nothing by chance.
"""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from queue import SimpleQueue

from jobs.models import ModelTable
from jobs.samplers import AVAILABLE
from jobs.settings import Settings
from jobs.telemetry.metrics import DEVICE_BUSY
from jobs.variant import Variant, fingerprint
from worker.backends import Abilities, Order, Outcome, Prepared, Rendered
from worker.backends.call import Call

_ROOM = 16
_SLICE_SECONDS = 0.5  # between two reports of progress


class PacedBackend:
    """See `worker.backends.Backend`. Each order takes `settings.paced_seconds`."""

    def __init__(self, table: ModelTable, settings: Settings) -> None:
        """Starts the thread that stands for a device."""
        self._table = table
        self._seconds = settings.paced_seconds
        self._inbox: SimpleQueue[tuple[Order, Call] | None] = SimpleQueue()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="paced", daemon=True)
        self._thread.start()

    def warm(self) -> None:
        """Nothing to do."""

    @property
    def abilities(self) -> Abilities:
        """What the local engine can do."""
        return Abilities(models=frozenset(self._table.models), samplers=AVAILABLE)

    @property
    def device_name(self) -> str:
        """There is none."""
        return ""

    @property
    def loaded(self) -> frozenset[str]:
        """Nothing has to be."""
        return frozenset()

    @property
    def loading(self) -> Mapping[str, int]:
        """Nothing ever is."""
        return {}

    def fingerprint(self, variant: Variant, *, image_sha256: str, width: int, height: int) -> str:
        """See `worker.backends.Backend`. The size is the image's, and its hash is in already."""
        del width, height
        model = self._table.resolve(variant.parameters.model)
        return fingerprint(
            variant.parameters,
            image_sha256=image_sha256,
            model_revision=model.identity,
            engine="paced",
            device_kind="paced",
            rows=1,
        )

    def render(
        self, orders: Iterator[Prepared], *, stop: threading.Event, on_step: Callable[[int], None]
    ) -> Iterator[Outcome]:
        """See `worker.backends.Backend`."""
        call = Call(on_step, room=_ROOM)
        return call.outcomes(orders, lambda order: self._inbox.put((order, call)), stop=stop)

    def close(self) -> None:
        """End the thread."""
        self._closing.set()
        self._inbox.put(None)
        self._thread.join()

    def _run(self) -> None:
        while not self._closing.is_set():
            arrival = self._inbox.get()
            if arrival is None:
                return
            order, call = arrival
            started = time.perf_counter()
            spent = self._spend(order, call)
            DEVICE_BUSY.inc(time.perf_counter() - started)
            if spent:
                call.deliver(Rendered(order, order.pixels, time.perf_counter() - started))

    def _spend(self, order: Order, call: Call) -> bool:
        """Let the order's time pass in slices, with a report after each; False where its call has ended."""
        slices = max(1, round(self._seconds / _SLICE_SECONDS))
        for _ in range(slices):
            if call.closed.wait(self._seconds / slices) or self._closing.is_set():
                return False
            call.step(order.variant.index)
        return True
