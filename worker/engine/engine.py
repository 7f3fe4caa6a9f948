"""The one thread that owns the device: choose → launch → predict → advance → retire, a step at a time.

Callers hand orders in from threads of their own (`submit`); what becomes of them goes to each order's `Call`. Rows of
all callers share batches. A fault of one row refuses that row, a fault of a batch refuses the rows in it, and the
thread lives on. Where memory is short the bucket takes its next pinned rung, and on the last one what doesn't fit is
refused. A fault of this very loop ends the thread: the calls are told so (`DeviceLost`), and the worker leaves.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue

import torch

from jobs.errors import BadLatents, DeviceLost, PentimentoError, WorldsFault
from jobs.telemetry.metrics import DEVICE_BUSY, ROWS_THERE, ROWS_USED, STAGE_SECONDS
from worker.backends import Order, Outcome, Pixels, Refused, Rendered
from worker.backends.call import Call
from worker.engine import faults
from worker.engine.arrival import Arrival
from worker.engine.batcher import Batcher, Bucket
from worker.engine.device import be_on
from worker.engine.launch import Launcher, Loaded
from worker.engine.masks import composed
from worker.engine.row import Flight, Row
from worker.engine.safety import judged
from worker.engine.seating import Seating
from worker.engine.whole import WholeModel

_log = logging.getLogger(__name__)


class Engine:
    """Starts its thread at once; `close` ends it."""

    def __init__(
        self, device: torch.device, *, free: bool = False, clock: Callable[[], float] = time.perf_counter
    ) -> None:
        """`device`: where its models lie. free: as `Batch`. `clock`: seconds, for prices and metrics."""
        self._device = device
        self._clock = clock
        self._inbox: SimpleQueue[Arrival | None] = SimpleQueue()
        self._batcher = Batcher()
        self._launchers: dict[str, Loaded] = {}
        self._seating = Seating(free=free)
        self._calls: set[Call] = set()
        self._closing = threading.Event()
        self._end: PentimentoError = WorldsFault("the engine is closed")
        self._thread = threading.Thread(target=self._run, name="device", daemon=True)
        self._thread.start()

    def submit(self, launcher: Loaded, order: Order, call: Call) -> None:
        """Let an order of a loaded model wait for its turn; from any thread.

        Raises:
            WorldsFault: the engine is closed. DeviceLost: its thread has ended by a fault.

        """
        if not self._closing.is_set():
            self._inbox.put(Arrival(launcher, order, call))
        if self._closing.is_set():
            raise self._end

    def close(self) -> None:
        """End the thread after the current step. Calls that are still open end with an error."""
        self._closing.set()
        self._inbox.put(None)
        self._thread.join()

    def _run(self) -> None:
        try:
            be_on(self._device)
            with torch.inference_mode():
                while not self._closing.is_set():
                    self._take_in(wait=not self._batcher.busy)
                    self._forget_closed_calls()
                    bucket = self._batcher.choose()
                    if bucket is not None:
                        began = self._clock()
                        self._tick(bucket)
                        DEVICE_BUSY.inc(self._clock() - began)
        except BaseException as error:  # noqa: BLE001 — nothing is above a thread; its callers are told
            _log.critical("the device's thread ends", exc_info=error)
            self._end = DeviceLost(f"the device's thread ended by {type(error).__name__}", remedy=_LOST_REMEDY)
        finally:
            self._closing.set()
            self._seating.clear()
            self._launchers.clear()
            for call in self._calls:
                call.fail(self._end)

    def _tick(self, bucket: Bucket) -> None:
        """One step of one batch, or one whole call of a model that isn't stepped."""
        launcher = self._launchers[bucket.key.alias]
        admitted = bucket.admit()
        if isinstance(launcher, WholeModel):
            self._paint(bucket, launcher)
            self._tidy(bucket)
            return
        for row in admitted:
            if row in bucket.active:  # else the bucket stepped down meanwhile
                self._launch(bucket, launcher, row)
        self._step(bucket, launcher, [(row, row.flight) for row in bucket.active if row.slots and row.flight])
        for row in [row for row in bucket.active if row.flight and row.flight.landed]:
            bucket.land(row)
            STAGE_SECONDS.labels("denoise").observe(self._clock() - row.launched)
        while bucket.landed and (len(bucket.landed) >= bucket.decode_rows or not bucket.flying):
            self._retire(bucket, launcher, bucket.landed[: bucket.decode_rows])
        self._tidy(bucket)

    def _paint(self, bucket: Bucket, whole: WholeModel) -> None:
        """All active rows in one call, which is left where nobody waits for any of them."""
        rows, started = list(bucket.active), self._clock()

        def stepped() -> bool:
            for row in rows:
                row.call.step(row.order.variant.index)
            return not (self._closing.is_set() or all(row.call.closed.is_set() for row in rows))

        try:
            painted = whole.paint([row.order for row in rows], bucket.capacity, stepped=stepped)
        except Exception as error:  # noqa: BLE001 — the call's: each of its rows is refused
            if not self._stepped_down(bucket, error):
                for row in rows:
                    self._refuse(bucket, row, error)
            return
        share = (self._clock() - started) / len(rows)
        for row, pixels in zip(rows, painted, strict=True):
            row.seconds += share
            self._show(bucket, row, pixels)

    def _launch(self, bucket: Bucket, launcher: Launcher, row: Row) -> None:
        started = self._clock()
        if row.flight is None:  # else it was set aside, and goes on
            row.launched = started
            STAGE_SECONDS.labels("queue").observe(started - row.arrived)
        again = False
        try:
            launcher.adapters.wear(bucket.key.loras)
            row.flight = row.flight or launcher.launch(row.order)
            if row.slots:
                self._seating.batch(bucket, launcher).seat(row, row.flight)
        except Exception as error:  # noqa: BLE001 — whatever it is, it is this row's alone
            again = self._made_room(error)
            if not again and not self._stepped_down(bucket, error):
                self._refuse(bucket, row, error)
        row.seconds += self._clock() - started
        if again:  # out here, where the frames of the failure no longer hold on to what they computed
            self._launch(bucket, launcher, row)

    def _step(self, bucket: Bucket, launcher: Launcher, rows: Sequence[tuple[Row, Flight]]) -> None:
        if not rows:
            return
        started = self._clock()
        try:
            launcher.adapters.wear(bucket.key.loras)
            predicted = self._seating.batch(bucket, launcher).predict(rows)
        except Exception as error:  # noqa: BLE001 — the batch's: each of its rows is refused
            if not self._made_room(error) and not self._stepped_down(bucket, error):
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

    def _retire(self, bucket: Bucket, launcher: Launcher, rows: Sequence[Row]) -> None:
        """Decode rows whose steps are done, at most as many as a decoding batch holds."""
        started = self._clock()
        try:
            latents = [row.flight.latents for row in rows if row.flight]
            decoded = launcher.model.decode(latents, bucket.decode_rows)
        except Exception as error:  # noqa: BLE001 — the batch's: each of its rows is refused
            if not self._made_room(error) and not self._decodes_fewer(bucket, error):
                for row in rows:
                    self._refuse(bucket, row, error)
            return
        STAGE_SECONDS.labels("decode").observe(self._clock() - started)
        share = (self._clock() - started) / len(rows)
        for row, pixels in zip(rows, decoded, strict=True):
            row.seconds += share
            self._show(bucket, row, pixels)

    def _show(self, bucket: Bucket, row: Row, pixels: Pixels | None) -> None:
        if pixels is None:
            self._refuse(bucket, row, BadLatents("the latents became NaN or infinite", remedy=_BAD_LATENTS_REMEDY))
        else:
            rung, whole = bucket.rung_of(row), composed(row.order, pixels)
            made = Rendered.on(rung, row.order, whole, row.seconds)
            self._hand_out(bucket, row, judged(self._launchers[bucket.key.alias].checker, made))

    def _made_room(self, error: Exception) -> bool:
        """Whether memory was short and some lay idle: the same may go well now."""
        if not faults.is_out_of_memory(error) or not self._seating.wake():
            return False
        faults.give_back_memory(self._device)
        return True

    def _stepped_down(self, bucket: Bucket, error: Exception) -> bool:
        """Whether memory was short and there is a rung below: its rows begin anew there."""
        if not faults.is_out_of_memory(error) or not bucket.step_down():
            return False
        self._seating.drop(bucket)
        faults.give_back_memory(self._device)
        _log.warning("out of memory: %s goes on with %d rows", bucket.key, bucket.capacity)
        return True

    def _decodes_fewer(self, bucket: Bucket, error: Exception) -> bool:
        if not faults.is_out_of_memory(error) or not bucket.decode_fewer():
            return False
        faults.give_back_memory(self._device)
        _log.warning("out of memory: %s goes on with %d decoded at once", bucket.key, bucket.decode_rows)
        return True

    def _refuse(self, bucket: Bucket, row: Row, error: Exception) -> None:
        reason = faults.named(error)
        if reason is not error:
            with row.call.about(row.order.variant.index):
                _log.error("the engine refuses it: %s", reason, exc_info=error)
        self._hand_out(bucket, row, Refused(row.order.variant, reason))
        faults.leave_if_lost(error, self._device)

    def _hand_out(self, bucket: Bucket, row: Row, outcome: Outcome) -> None:
        bucket.leave(row)
        row.flight = None
        row.call.deliver(outcome)

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

    def _enqueue(self, arrival: Arrival) -> None:
        self._calls.add(arrival.call)
        try:
            key, rungs, row = arrival.placed(self._clock())
        except Exception as error:  # noqa: BLE001 — this order's
            arrival.call.deliver(Refused(arrival.order.variant, faults.named(error)))
            return
        self._launchers[key.alias] = arrival.launcher
        self._batcher.add(key, rungs, row)

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
        self._seating.rest(bucket)
        if not any(other.busy and other.key.alias == bucket.key.alias for other in self._batcher):
            self._launchers.pop(bucket.key.alias, None)


_BAD_LATENTS_REMEDY = "Another seed, a lower cfg_scale or a wider dtype may help."
_LOST_REMEDY = "The worker leaves and is to be started again; its log says what it was."
