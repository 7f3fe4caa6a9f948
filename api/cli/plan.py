"""`pentimento plan`: what a manifest would make, counted and shown, without asking anybody to make it."""

from dataclasses import asdict
from itertools import islice
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.options import AsJson
from api.cli.submit import ManifestFile, manifest_folder, read
from api.cli.terminal import Terminal

if TYPE_CHECKING:
    from jobs.sweep import Sweep
    from jobs.variant import Variant

# A sweep may be nearly all holes: the sample gives up looking after this many positions.
LOOKED_AT = 100_000
VALUES_SHOWN = 6


def plan(
    file: ManifestFile,
    show: Annotated[int, typer.Option(min=0, max=1000, help="How many variants to show, from the first on.")] = 5,
    *,
    as_json: AsJson = False,
) -> None:
    """Count what a manifest would make, and show the first of it. Asks no server; nothing is sent.

    Every problem of the manifest is told at once; pictures that are not there are told after the plan.

    [dim]Examples:[/dim]

      pentimento plan autumn.yaml
      pentimento plan autumn.yaml --show 100 --json | jq '.variants[].parameters.prompts[0].text'
    """
    from api.cli.upload import find
    from jobs.spec import local_paths
    from jobs.sweep import Sweep

    terminal = Terminal(as_json=as_json)
    spec, text = read(file)
    sweep = Sweep(spec)
    shown = _first(sweep, show)
    terminal.answer(
        {
            "count": sweep.count,
            "excluded": len(sweep) - sweep.count,
            "images": len(sweep.images),
            "axes": [{"key": axis.key, "names": axis.names, "size": len(axis)} for axis in sweep.axes],
            "samples": sweep.samples,
            "models": sweep.models,
            "variants": [asdict(variant) for variant in shown],
        }
    )
    _say(terminal, sweep, shown)
    find(local_paths(spec), folder=manifest_folder(file), text=text, source=str(file))
    terminal.note(f"Make them with: pentimento submit {file}")


def _first(sweep: "Sweep", count: int) -> "list[Variant]":
    positions = (index for index in range(min(len(sweep), LOOKED_AT)) if not sweep.is_hole(index))
    return [sweep[index] for index in islice(positions, count)]


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def _say(terminal: Terminal, sweep: "Sweep", shown: "list[Variant]") -> None:
    product = [_counted(len(sweep.images), "image"), *(f"{len(axis)} {axis.key}" for axis in sweep.axes)]
    product += [f"{sweep.samples} samples"] if sweep.samples > 1 else []
    excluded = len(sweep) - sweep.count
    holes = f", {excluded:,} positions left out" if excluded else ""
    terminal.text(f"{_counted(sweep.count, 'picture')}: {' × '.join(product)}{holes}")
    for axis in sweep.axes:
        values = list(islice(axis.labels, VALUES_SHOWN)) + (["…"] if len(axis) > VALUES_SHOWN else [])
        terminal.text(f"  {axis.key}: {' | '.join(values)}")
    rows = [
        (
            str(variant.index),
            variant.image.name,
            variant.parameters.prompt,
            ", ".join(f"{name} {value}" for name, value in variant.coordinates.items()),
        )
        for variant in shown
    ]
    terminal.table(("index", "image", "prompt", "at"), rows, empty="")
    if sweep.spec.seed.base is None:
        terminal.note("Seeds are drawn when the job is submitted, and kept.")
