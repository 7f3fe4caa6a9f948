"""The command line's side of tuning: the measuring is another process, because no command imports torch."""

import json
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

from api.cli.terminal import Terminal
from jobs.errors import CallersFault, WorldsFault


def tune(terminal: Terminal, model: str, sizes: Sequence[str]) -> None:
    """Measure a model of this machine's table, say how it goes, and end with the entry to pin.

    Raises:
        CallersFault: no such model, or a size that it doesn't take. WorldsFault: the measuring failed.

    """
    argv = ["-m", "worker.engine.tune", model, *(part for size in sizes for part in ("--size", size))]
    tuned: dict[str, Any] | None = None
    with subprocess.Popen([sys.executable, *argv], stdout=subprocess.PIPE, text=True) as measuring:  # noqa: S603  our own module
        for line in measuring.stdout or ():
            said = json.loads(line)
            if "error" in said:
                raise CallersFault(said["error"]["message"], remedy=said["error"]["remedy"])
            tuned = said.get("tuned", tuned)
            if "measured" in said:
                terminal.note(_sentence(said["measured"]))
    if tuned is None:
        raise WorldsFault(f"measuring {model} ended with exit code {measuring.returncode}")
    terminal.answer(tuned)
    rows = [
        (p["what"], f"{p['width']}×{p['height']}", str(p["rows"]), f"{1e3 * p['seconds']:.3g}",
         f"{p['per_second']:.3g}", f"{p['peak_bytes'] / 1e9:.2f}")
        for p in tuned["points"]
    ]  # fmt: skip
    terminal.table(("", "size", "rows", "ms a call", "rows/s", "peak GB"), rows, empty="Nothing was measured.")
    terminal.text(f"\nOn {tuned['device']}, {tuned['dtype']}. For the model table:\n\n{tuned['entry']}")


def _sentence(point: dict[str, Any]) -> str:
    size = f"{point['width']}×{point['height']}"
    return f"{point['what']} {size}, {point['rows']} rows: {point['per_second']:.3g} a second"
