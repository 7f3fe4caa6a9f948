"""The diffusers engine of this process as a backend: several callers' orders meet in one device thread.

Opening it is cheap: torch is imported, and a model loaded, when the first order or fingerprint needs it.
"""

import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache, partial
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from jobs.errors import BadImage, DeviceLost, PentimentoError
from jobs.models import LoraEntry, Model, ModelTable
from jobs.samplers import AVAILABLE
from jobs.settings import Settings
from jobs.variant import InitImage, Parameters, Variant, WeightedPrompt, fingerprint
from worker.backends import Abilities, Order, Outcome, Prepared, Refused
from worker.backends.call import Call

if TYPE_CHECKING:
    from worker.engine.device import Device
    from worker.engine.engine import Engine
    from worker.engine.launch import Loaded
    from worker.engine.shelf import Shelf

_log = logging.getLogger(__name__)

ENGINE = "4"
"""Raised with whatever changes pixels; in every fingerprint."""

_ROOM_BATCHES = 2  # batches' worth of orders between a caller's pull and its hand-out
_LEAST_ROOM = 16  # of so many the longest goes first: 98% of four rows are then taken, of eight orders 95%


class LocalBackend:
    """See `worker.backends.Backend`. `close` ends the device's thread."""

    def __init__(self, table: ModelTable, settings: Settings) -> None:
        """Loads nothing yet."""
        self._table = table
        self._settings = settings
        self._lock = threading.Lock()
        self._opened: _Opened | None = None
        self._room = max(_LEAST_ROOM, _ROOM_BATCHES * max(model.most_rows for model in table.models.values()))

    def warm(self) -> None:
        """See `worker.backends.Backend`. Each model of the settings' `warm` paints a grey picture of its own size."""
        self._open()
        for name in self._settings.warm:
            model = self._table.resolve(name)
            for outcome in self.render(iter([_grey(model)]), stop=threading.Event(), on_step=lambda _: None):
                if isinstance(outcome, Refused):
                    raise outcome.error

    @property
    def abilities(self) -> Abilities:
        """Every model of the table and every sampler of the engine; whether weights can be had shows on first use."""
        return Abilities(models=frozenset(self._table.models), samplers=AVAILABLE)

    @property
    def device_name(self) -> str:
        """As torch names it, once it is opened."""
        opened = self._opened
        return "" if opened is None else opened.device.name

    @property
    def loaded(self) -> frozenset[str]:
        """What lies on the shelf."""
        opened = self._opened
        return frozenset() if opened is None else opened.shelf.aliases

    @property
    def loading(self) -> Mapping[str, int]:
        """What is on its way to the shelf."""
        opened = self._opened
        return {} if opened is None else dict(opened.loading)

    def fingerprint(self, variant: Variant, *, image_sha256: str, width: int, height: int) -> str:
        """See `worker.backends.Backend`.

        Raises:
            UnknownModel: the variant names a model or a LoRA that the table hasn't got.

        """
        model = self._table.resolve(variant.parameters.model)
        names = [lora.name for lora in variant.parameters.loras]
        device = self._open().device
        return fingerprint(
            variant.parameters,
            image_sha256=image_sha256,
            model_revision=" ".join((model.identity, *(self._table.lora(name).identity for name in names))),
            engine=f"{_versions()} decode {model.decode_rows_for(width, height)}",
            device_kind=" ".join((device.kind, str(device.dtype(model)), *_unusual(device))),
            rows=0 if self._settings.rows == "free" else model.rows_for(width, height),
        )

    def render(
        self, orders: Iterator[Prepared], *, stop: threading.Event, on_step: Callable[[int], None]
    ) -> Iterator[Outcome]:
        """See `worker.backends.Backend`. An order that can't be rendered here comes out as `Refused`, saying why."""
        call = Call(on_step, room=self._room)

        def submit(order: Order) -> None:
            try:
                model = self._table.resolve(order.variant.parameters.model)
                _check_size(order, model)
                opened = self._open()
                launcher = opened.get(model, lambda: call.step(order.variant.index))
                for lora in order.variant.parameters.loras:
                    launcher.adapters.offer(lora.name, opened.lora_file(self._table.lora(lora.name), model))
                opened.engine.submit(launcher, order, call)
            except DeviceLost:
                raise  # nobody's order: the call ends with it
            except PentimentoError as error:
                call.deliver(Refused(order.variant, error))

        return call.outcomes(orders, submit, stop=stop)

    def close(self) -> None:
        """End the device's thread and forget the models. Calls that are still open end with an error."""
        with self._lock:
            if self._opened is not None:
                self._opened.engine.close()
                self._opened = None

    def _open(self) -> "_Opened":
        with self._lock:
            if self._opened is None:
                self._opened = _Opened(self._table, self._settings)
            return self._opened


class _Opened:
    """What needs torch."""

    device: "Device"
    engine: "Engine"
    shelf: "Shelf"

    def __init__(self, table: ModelTable, settings: Settings) -> None:
        from worker.engine.quiet import hush  # noqa: PLC0415 — seconds of imports, on first use

        hush()
        from worker.engine.device import Device  # noqa: PLC0415
        from worker.engine.engine import Engine  # noqa: PLC0415
        from worker.engine.launch import Launcher, Loaded  # noqa: PLC0415
        from worker.engine.loading import load, lora_file  # noqa: PLC0415
        from worker.engine.shelf import Shelf  # noqa: PLC0415
        from worker.engine.whole import WholeModel  # noqa: PLC0415

        def read(model: Model) -> Loaded:
            found = load(
                model,
                beside=table.path.parent,
                cache_dir=settings.cache_dir,
                device=device,
                fuse=not any(model.alias in lora.models for lora in table.loras.values()),
            )
            return found if isinstance(found, WholeModel) else Launcher(found)

        self.lora_file: Callable[[LoraEntry, Model], Path] = partial(lora_file, beside=table.path.parent)
        self.device = device = Device.open(settings)
        free = settings.rows == "free"
        if free:
            _log.warning("rows are free: the same spec may give other bytes, depending on what renders beside it")
        self.engine = Engine(device.torch_device, free=free)
        self.loading: dict[str, int] = {}
        self.shelf = Shelf(read, max_bytes=device.weights_bytes(settings.model_bytes))

    def get(self, model: Model, moved: Callable[[], None]) -> "Loaded":
        """The model, loaded where it isn't yet; `moved` is called while it comes in from the hub.

        Raises:
            ModelUnavailable: the weights can't be had.

        """
        if model.alias in self.shelf.aliases:
            return self.shelf.get(model)
        from worker.engine.fetching import telling  # noqa: PLC0415

        def arrived(size: int) -> None:
            self.loading[model.alias] = size
            moved()

        self.loading.setdefault(model.alias, 0)
        try:
            with telling(model, arrived):
                return self.shelf.get(model)
        finally:
            self.loading.pop(model.alias, None)


def _unusual(device: "Device") -> tuple[str, ...]:
    """How steps are run, where that changes bits."""
    return () if device.speed in {"plain", "traced"} else (device.speed,)


@lru_cache(maxsize=1)
def _versions() -> str:
    """The versions that decide pixels; read from the disk once, not for every variant."""
    return f"{ENGINE} torch {version('torch')} diffusers {version('diffusers')}"


def _grey(model: Model) -> Order:
    """An order that runs everything of a model once: text, picture, some steps, decoding."""
    wanted, said = model.defaults, (WeightedPrompt("a boat"),)
    asked = Parameters(model.alias, said, "", 1.0, 2, wanted.cfg_scale, wanted.sampler, seed=0)
    pixels = np.full((model.height, model.width, 3), 127, np.uint8)
    return Order(Variant(0, InitImage("warm:", "warm"), asked, {}), pixels, "0" * 64, "0" * 32, urgent=True)


def _check_size(order: Order, model: Model) -> None:
    height, width = order.pixels.shape[:2]
    if height % model.multiple or width % model.multiple or width * height > model.max_pixels or not order.pixels.size:
        message = (
            f"image: {width}x{height} pixels; {model.alias} takes multiples of {model.multiple}"
            f" with at most {model.max_pixels} pixels"
        )
        raise BadImage(message, remedy="Preparing fits images to the model; this one came past it.")
