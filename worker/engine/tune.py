"""Measures how many rows of a shape pay and fit on this device, and proposes what to pin in the model table.

`pentimento models tune` runs it as `python -m worker.engine.tune MODEL`, because the command line knows no torch. It
writes a JSON object a line: {"measured": …} after each size of batch, {"tuned": …} at the end, or {"error": …}.
"""

import argparse
import json
import resource
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch

from jobs.errors import CallersFault, PentimentoError, Unsupported
from jobs.models import Model, ModelTable
from jobs.settings import Settings, settings
from worker.engine import faults
from worker.engine.device import Device, be_on
from worker.engine.loading import load
from worker.engine.model import LoadedModel
from worker.engine.quiet import hush
from worker.engine.textkeys import TextKeys
from worker.engine.whole import WholeModel

ENOUGH = 0.95
"""Of the best rate: a wider batch gains little, and a lone variant would pay for its empty rows."""
MOST_ROWS = 128
_GAIN = 1.03  # batches wider than the best so far, by twice and four times, that gain less than this end the search
_VAIN = 2
_CALLS, _SECONDS = 5, 1.0  # a measurement is the median of so many calls, or of so many seconds of them


@dataclass(frozen=True, slots=True)
class Point:
    """One size of batch. seconds: of a call. per_second: rows or pictures. peak_bytes: of memory, 0 where unknown."""

    what: str
    width: int
    height: int
    rows: int
    seconds: float
    per_second: float
    peak_bytes: int


@dataclass(frozen=True, slots=True)
class Tuned:
    """What was found. rows and decode_rows: by shape, as the model table has them, each a ladder. entry: TOML."""

    model: str
    device: str
    dtype: str
    points: tuple[Point, ...]
    rows: Mapping[str, tuple[int, ...]]
    decode_rows: Mapping[str, tuple[int, ...]]
    entry: str


def ladder(points: Sequence[Point], *, least: int) -> tuple[int, ...]:
    """The smallest batch near the full rate, and those below it that were measured, down to `least`."""
    best = max(point.per_second for point in points)
    chosen = min(point.rows for point in points if point.per_second >= ENOUGH * best)
    return tuple(sorted({point.rows for point in points if least <= point.rows <= chosen}, reverse=True))


def tune(
    model: Model,
    shapes: Sequence[tuple[int, int]],
    found: Settings,
    *,
    beside: Path,
    most_rows: int = MOST_ROWS,
    progress: Callable[[Point], None],
    clock: Callable[[], float] = time.perf_counter,
) -> Tuned:
    """Measure a model at sizes (width, height) in pixels. `clock`: seconds.

    Raises:
        ModelUnavailable: the weights can't be had. CallersFault: not even the smallest batch fits.

    """
    device = Device.open(found)
    be_on(device.torch_device)
    loaded = load(model, beside=beside, cache_dir=found.cache_dir, device=device)
    if isinstance(loaded, WholeModel):
        message = f"{model.alias}: the family auto is run by whole pipelines, and isn't measured yet"
        raise Unsupported(message, remedy="Try counts by `pentimento bench` or by hand.")
    points: list[Point] = []
    rows: dict[str, tuple[int, ...]] = {}
    decode_rows: dict[str, tuple[int, ...]] = {}
    with torch.inference_mode():
        for width, height in shapes:
            for what, acts, least, into in (
                ("step", _steps, 2, rows),
                ("decode", _decodes, 1, decode_rows),
            ):
                mine = []
                for point in _climb(what, width, height, acts(loaded, width, height), least, most_rows, clock):
                    progress(point)
                    mine.append(point)
                if not mine:
                    message = f"{model.alias}: not even {least} rows of {width}x{height} fit on {device.kind}"
                    raise CallersFault(message, remedy="Ask for a smaller size, or for a narrower dtype.")
                points += mine
                into[f"{width}x{height}"] = ladder(mine, least=least)
    rows = {"default": model.row_ladder(0, 0), **rows}
    decode_rows = {"default": model.decode_ladder(0, 0), **decode_rows}
    dtype = str(device.dtype(model)).removeprefix("torch.")
    return Tuned(
        model.alias, device.kind, dtype, tuple(points), rows, decode_rows, _entry(model.alias, rows, decode_rows)
    )


def _climb(
    what: str, width: int, height: int, act: Callable[[int], None], least: int, most: int, clock: Callable[[], float]
) -> Iterator[Point]:
    """Points of ever wider batches, until memory ends or wider gains no more; one dip is passed over."""
    rows, best, vain = least, 0.0, 0
    while rows <= most and vain < _VAIN:
        try:
            _forget_peak()
            seconds = _seconds(lambda: act(rows), clock)  # noqa: B023 — called before the loop goes on
        except Exception as error:
            if not faults.is_out_of_memory(error):
                raise
            return
        yield Point(what, width, height, rows, seconds, rows / seconds, _peak_bytes())
        vain = vain + 1 if rows / seconds < _GAIN * best else 0
        best, rows = max(best, rows / seconds), 2 * rows


def _seconds(act: Callable[[], None], clock: Callable[[], float]) -> float:
    act()
    act()
    _wait()
    costs: list[float] = []
    while len(costs) < _CALLS and sum(costs) < _SECONDS:
        begun = clock()
        act()
        _wait()
        costs.append(max(clock() - begun, 1e-9))
    return statistics.median(costs)


def _steps(model: LoadedModel, width: int, height: int) -> Callable[[int], None]:
    def step(rows: int) -> None:
        latents = torch.zeros(rows, *model.input_shape(width, height), device=model.device, dtype=model.dtype)
        times = torch.full((rows,), 500.0, device=model.device)
        texts = torch.zeros(rows, model.texts.piece_tokens, model.text_width, device=model.device, dtype=model.dtype)
        scales = model.scale_embedding(torch.ones(rows))
        keys = TextKeys(model.attention.layers, rows, model.texts.piece_tokens, texts).kept
        model.denoise(latents, times, texts, model.added(rows, width, height), scales, keys)

    return step


def _decodes(model: LoadedModel, width: int, height: int) -> Callable[[int], None]:
    latents = torch.zeros(1, *model.latent_shape(width, height), device=model.device, dtype=model.dtype)

    def decode(rows: int) -> None:
        model.decode([latents] * rows, rows)

    return decode


def _wait() -> None:
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def _forget_peak() -> None:
    if torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()


def _peak_bytes() -> int:
    """The most memory so far: of the device since `_forget_peak`, or of this process where that is the CPU's own."""
    if torch.cuda.is_available():
        return int(torch.cuda.max_memory_allocated())
    whole = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return whole if sys.platform == "darwin" else 1024 * whole


def _entry(alias: str, rows: Mapping[str, tuple[int, ...]], decode_rows: Mapping[str, tuple[int, ...]]) -> str:
    def table(found: Mapping[str, tuple[int, ...]]) -> str:
        return ", ".join(
            f"{shape if shape == 'default' else json.dumps(shape)} = {list(rungs)}" for shape, rungs in found.items()
        )

    return f"[models.{alias}]\nrows = {{ {table(rows)} }}\ndecode_rows = {{ {table(decode_rows)} }}"


def _shape(text: str) -> tuple[int, int]:
    width, _, height = text.partition("x")
    return int(width), int(height)


def main(argv: Sequence[str] | None = None) -> int:
    """Exit code 0, or 1 after {"error": …}."""
    parser = argparse.ArgumentParser(prog="python -m worker.engine.tune", description=__doc__)
    parser.add_argument("model")
    parser.add_argument("--size", type=_shape, action="append", metavar="WxH", help="the model's own, if none is said")
    parser.add_argument("--most-rows", type=int, default=MOST_ROWS, metavar="N")
    said = parser.parse_args(argv)
    hush()
    try:
        table = ModelTable.load(settings().models_file)
        model = table.resolve(said.model)
        shapes = said.size or [(model.width, model.height)]
        for width, height in shapes:
            if width % model.multiple or height % model.multiple or not 0 < width * height <= model.max_pixels:
                bound = f"multiples of {model.multiple} with at most {model.max_pixels} pixels"
                raise CallersFault(f"size: {width}x{height}: {model.alias} takes {bound}")
        tuned = tune(
            model, shapes, settings(), beside=table.path.parent, most_rows=said.most_rows,
            progress=lambda point: _say(measured=asdict(point)),
        )  # fmt: skip
    except PentimentoError as error:
        _say(error={"code": error.code, "message": str(error), "remedy": error.remedy})
        return 1
    _say(tuned=asdict(tuned))
    return 0


def _say(**said: object) -> None:
    sys.stdout.write(json.dumps(said) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
