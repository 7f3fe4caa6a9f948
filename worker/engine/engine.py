"""The one thread that owns the device: choose → launch → predict → advance → retire, a step at a time.

Callers hand orders in from threads of their own (`submit`); what becomes of them goes to each order's `Call`. Rows of
all callers share batches. A fault of one row refuses that row, a fault of a batch refuses the rows in it, and the
thread lives on.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from queue import Empty, SimpleQueue

import torch

from jobs.errors import BadLatents, WorldsFault
from jobs.models import Model
from jobs.telemetry.metrics import DEVICE_BUSY, ROWS_THERE, ROWS_USED, STAGE_SECONDS
from worker.backends import Order, Outcome, Refused, Rendered
from worker.backends.call import Call
from worker.engine import faults
from worker.engine.batch import Batch, Shape
from worker.engine.batcher import Batcher, Bucket, Key
from worker.engine.launch import Launcher
from worker.engine.masks import composed
from worker.engine.row import Flight, Row

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class _Arrival:
    launcher: Launcher
    order: Order
    call: Call


class Engine:
    """Starts its thread at once; `close` ends it."""

    def __init__(self, device: torch.device, *, clock: Callable[[], float] = time.perf_counter) -> None:
        """`device`: where its models lie. `clock`: seconds, for `Rendered.seconds` alone."""
        self._device = device
        self._clock = clock
        self._inbox: SimpleQueue[_Arrival | None] = SimpleQueue()
        self._batcher = Batcher()
        self._launchers: dict[str, Launcher] = {}
        self._batches: dict[Key, Batch] = {}
        self._calls: set[Call] = set()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="device", daemon=True)
        self._thread.start()

    def submit(self, launcher: Launcher, order: Order, call: Call) -> None:
        """Let an order of a loaded model wait for its turn; from any thread.

        Raises:
            WorldsFault: the engine is closed.

        """
        if self._closing.is_set():
            message = "the engine is closed"
            raise WorldsFault(message)
        self._inbox.put(_Arrival(launcher, order, call))

    def close(self) -> None:
        """End the thread after the current step. Calls that are still open end with an error."""
        self._closing.set()
        self._inbox.put(None)
        self._thread.join()

    def _run(self) -> None:
        try:
            with torch.inference_mode():
                while not self._closing.is_set():
                    self._take_in(wait=not self._batcher.busy)
                    self._forget_closed_calls()
                    bucket = self._batcher.choose()
                    if bucket is not None:
                        began = self._clock()
                        self._tick(bucket)
                        DEVICE_BUSY.inc(self._clock() - began)
        except Exception as error:  # noqa: BLE001 — nothing is above a thread; its callers are told
            _log.critical("the device's thread ends", exc_info=error)
        finally:
            self._closing.set()
            self._batches.clear()
            self._launchers.clear()
            for call in self._calls:
                call.fail(WorldsFault("the engine is closed"))

    def _tick(self, bucket: Bucket) -> None:
        """One step of one batch."""
        for row in bucket.admit():
            self._launch(bucket, row)
        self._step(bucket, [(row, row.flight) for row in bucket.active if row.slots and row.flight])
        for row in [row for row in bucket.active if row.flight and row.flight.landed]:
            bucket.land(row)
            STAGE_SECONDS.labels("denoise").observe(self._clock() - row.launched)
        size = _decode_rows(self._launchers[bucket.key.alias].model.model, bucket.key)
        while bucket.landed and (len(bucket.landed) >= size or not bucket.flying):
            self._retire(bucket, bucket.landed[:size])
        self._tidy(bucket)

    def _launch(self, bucket: Bucket, row: Row) -> None:
        row.launched = started = self._clock()
        STAGE_SECONDS.labels("queue").observe(started - row.arrived)
        launcher = self._launchers[bucket.key.alias]
        try:
            row.flight = launcher.launch(row.order)
            if row.slots:
                self._batch(bucket, launcher).seat(row, row.flight)
        except Exception as error:  # noqa: BLE001 — whatever it is, it is this row's alone
            self._refuse(bucket, row, error)
        row.seconds += self._clock() - started

    def _step(self, bucket: Bucket, rows: Sequence[tuple[Row, Flight]]) -> None:
        if not rows:
            return
        started = self._clock()
        try:
            predicted = self._batches[bucket.key].predict(rows)
        except Exception as error:  # noqa: BLE001 — the batch's: each of its rows is refused
            for row, _ in rows:
                self._refuse(bucket, row, error)
            return
        for row, flight in rows:
            slot = row.slots[0]
            try:
                flight.advance(predicted[slot : slot + 1])
            except Exception as error:  # noqa: BLE001 — this row's scheduler's
                self._refuse(bucket, row, error)
            else:
                row.call.step(row.order.variant.index)
        used = sum(row.cost for row, _ in rows)
        ROWS_USED.inc(used)
        ROWS_THERE.inc(bucket.capacity)
        share = (self._clock() - started) / used
        for row, _ in rows:
            row.seconds += share * row.cost

    def _retire(self, bucket: Bucket, rows: Sequence[Row]) -> None:
        """Decode rows whose steps are done, at most as many as a decoding batch holds."""
        started = self._clock()
        model = self._launchers[bucket.key.alias].model
        try:
            latents = [row.flight.latents for row in rows if row.flight]
            decoded = model.decode(latents, _decode_rows(model.model, bucket.key))
        except Exception as error:  # noqa: BLE001 — the batch's: each of its rows is refused
            for row in rows:
                self._refuse(bucket, row, error)
            return
        STAGE_SECONDS.labels("decode").observe(self._clock() - started)
        share = (self._clock() - started) / len(rows)
        for row, pixels in zip(rows, decoded, strict=True):
            if pixels is None:
                self._refuse(bucket, row, BadLatents("the latents became NaN or infinite", remedy=_BAD_LATENTS_REMEDY))
            else:
                self._hand_out(bucket, row, Rendered(row.order, composed(row.order, pixels), row.seconds + share))

    def _refuse(self, bucket: Bucket, row: Row, error: Exception) -> None:
        reason = faults.named(error)
        if reason is not error:
            _log.error("variant %d is refused: %s", row.order.variant.index, reason, exc_info=error)
        self._hand_out(bucket, row, Refused(row.order.variant, reason))
        faults.leave_if_lost(error, self._device)

    def _hand_out(self, bucket: Bucket, row: Row, outcome: Outcome) -> None:
        bucket.leave(row)
        row.flight = None
        row.call.deliver(outcome)

    def _batch(self, bucket: Bucket, launcher: Launcher) -> Batch:
        batch = self._batches.get(bucket.key)
        if batch is None:
            shape = Shape(bucket.key.width, bucket.key.height, bucket.key.pieces)
            batch = self._batches[bucket.key] = Batch(launcher.model, bucket.capacity, shape)
        return batch

    def _take_in(self, *, wait: bool) -> None:
        """Let everything that has arrived wait in its bucket."""
        try:
            while not self._closing.is_set():
                arrival = self._inbox.get(block=wait)
                wait = False
                if arrival is not None and not arrival.call.closed.is_set():
                    self._enqueue(arrival)
        except Empty:
            pass

    def _enqueue(self, arrival: _Arrival) -> None:
        order, call, launcher = arrival.order, arrival.call, arrival.launcher
        asked = order.variant.parameters
        self._calls.add(call)
        try:
            evaluations = launcher.templates.evaluations(asked)
            pieces = launcher.pieces(asked) if evaluations else 1
        except Exception as error:  # noqa: BLE001 — this order's
            call.deliver(Refused(order.variant, faults.named(error)))
            return
        model = launcher.model.model
        height, width, _ = order.pixels.shape
        self._launchers[model.alias] = launcher
        row = Row(order, call, launcher.cost(asked) if evaluations else 0, evaluations, arrived=self._clock())
        self._batcher.add(Key(model.alias, width, height, pieces), model.rows_for(width, height), row)

    def _forget_closed_calls(self) -> None:
        for call in [call for call in self._calls if call.closed.is_set()]:
            self._calls.discard(call)
            for bucket in self._batcher:
                bucket.drop(call)
                self._tidy(bucket)

    def _tidy(self, bucket: Bucket) -> None:
        """Give back the memory of a bucket that is empty, and the model where no other bucket needs it."""
        if bucket.busy:
            return
        self._batches.pop(bucket.key, None)
        if not any(other.busy and other.key.alias == bucket.key.alias for other in self._batcher):
            self._launchers.pop(bucket.key.alias, None)


def _decode_rows(model: Model, key: Key) -> int:
    return model.decode_rows_for(key.width, key.height)


_BAD_LATENTS_REMEDY = "Another seed, a lower cfg_scale or a wider dtype may help."
