"""`pentimento plan`: what a manifest would make, counted and shown, without asking anybody to make it."""

import shlex
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.options import Api, AsJson, Given
from api.cli.submit import ManifestFile, grown, manifest_folder, read
from api.cli.terminal import Terminal

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from api.cli.answers import Planned
    from api.cli.model_table import Resolved
    from api.planner import Plan
    from jobs.spec import JobSpec, LeftOut
    from jobs.variant import Variant

HEAD_BYTES = 1 << 18
"""Of a picture; a JPEG may carry a preview before it says its size."""


def plan(
    file: ManifestFile,
    show: Annotated[int, typer.Option(min=0, max=1000, help="How many variants to show, from the first on.")] = 10,
    given: Given = None,
    extends: Annotated[
        str, typer.Option(metavar="JOB", help="Ask the farm how much of it this job has made already.")
    ] = "",
    api: Api = "",
    *,
    farm: Annotated[
        bool, typer.Option("--farm", help="Ask the farm how long it would take, as it has measured.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Count what a manifest would make, and show the first of it. Nothing is sent, unless --farm asks the API.

    Where the manifest extends a job, --farm also tells what that one has made already.

    Every problem of the manifest is told at once; pictures that are not there are told after the plan.

    [dim]Examples:[/dim]

      pentimento plan autumn.yaml
      pentimento plan autumn.yaml --farm -S steps=20
      pentimento plan autumn.yaml --extends latest
      pentimento plan autumn.yaml --show 100 --json | jq '.variants[].parameters.prompts[0].text'
    """
    from api.cli.model_table import resolved
    from api.cli.upload import find
    from api.planner import make_plan
    from jobs.spec import local_paths

    terminal = Terminal(as_json=as_json)
    folder = manifest_folder(file)
    spec, text, _ = read(file, grown(given, extends, api=api))
    asked = _asked(spec, folder, api) if farm or extends else None
    here = resolved(spec) if asked is None else _as_there(spec, asked)
    made = make_plan(here.spec, table=here.table, show=show, size_of=_Sizes(folder), left=here.left)
    made = replace(made, warnings=(*here.warnings, *made.warnings))
    answer = asdict(made)
    if asked is not None:
        answer |= {name: getattr(asked, name) for name in ("gpu_seconds", "finish_seconds", "measured", "linked")}
        if asked.linked and made.count and made.storage_bytes:
            answer["storage_bytes"] = round(made.storage_bytes * (1 - asked.linked / made.count))
    terminal.answer(answer)
    _say(terminal, made, seed_drawn=spec.seed.base is None)
    _estimate(terminal, answer)
    find(local_paths(spec), folder=folder, text=text, source=str(file))
    terminal.note(f"Make them with: {_command(file, given, extends)}")


def _asked(spec: "JobSpec", folder: Path, api: str) -> "Planned":
    """What the farm says of the spec."""
    from api.cli.address import api_url
    from api.cli.client import Client

    with Client(api_url(api)) as client:
        return client.plan(_canonical(spec, folder))


def _as_there(spec: "JobSpec", asked: "Planned") -> "Resolved":
    """The spec as the farm's model table resolves it."""
    from api.cli.model_table import Resolved, resolved
    from jobs.spec import LeftOut, with_left

    if asked.left_out is None:  # a farm that is older than the defaults of models
        return resolved(spec)
    left = tuple(LeftOut(one.model, one.field, one.value, one.origin) for one in asked.left_out)
    return Resolved(with_left(spec, left), left, None, ())


def _command(file: Path, given: list[str] | None, extends: str) -> str:
    """What submits what was planned."""
    said = [word for pair in given or () for word in ("-S", pair)] + (["--extends", extends] if extends else [])
    return shlex.join(["pentimento", "submit", str(file), *said])


def _canonical(spec: "JobSpec", folder: Path) -> bytes:
    """The spec as a farm takes it, with the files of this machine by the names that they would have there.

    Only where a job is extended they are read for it: for time and storage it does not matter where they lie.
    """
    from api.cli.upload import content_uri
    from jobs.spec import canonical_json, local_paths, with_images

    paths = {path for _, path in local_paths(spec)}
    return canonical_json(with_images(spec, {path: content_uri(folder / path, read=bool(spec.run.extends))
                                             for path in paths}))  # fmt: skip


class _Sizes:
    """Sizes of the pictures on this machine, read from their first bytes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: dict[str, tuple[int, int] | None] = {}

    def __call__(self, uri: str) -> tuple[int, int] | None:
        if uri not in self._known:
            self._known[uri] = self._read(uri)
        return self._known[uri]

    def _read(self, uri: str) -> tuple[int, int] | None:
        from jobs.header import picture_size
        from jobs.spec.images import has_scheme

        path = self._folder / uri
        if has_scheme(uri) or not path.is_file():
            return None
        with path.open("rb") as file:
            return picture_size(file.read(HEAD_BYTES))


def counted(count: int, what: str) -> str:
    """`1 picture`, `2,000 pictures`."""
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def _say(terminal: Terminal, plan: "Plan", *, seed_drawn: bool) -> None:
    images = "images that are listed when the job is planned" if plan.images is None else counted(plan.images, "image")
    product = [images, *(f"{axis.size} {axis.key}" for axis in plan.axes)]
    product += [f"{plan.samples} samples"] if plan.samples > 1 else []
    holes = f", {plan.excluded:,} positions left out" if plan.excluded else ""
    what = f"{counted(plan.variants_of_an_image, 'picture')} of each image" if plan.count is None else None
    terminal.text(f"{what or counted(plan.count or 0, 'picture')}: {' × '.join(product)}{holes}")
    if plan.duplicates:
        terminal.text(f"  {plan.duplicates:,} of them differ from others by their seeds only")
    for axis in plan.axes:
        values = [*axis.values, *(["…"] if axis.size > len(axis.values) else [])]
        together = "" if axis.names == (axis.key,) else f" ({', '.join(axis.names)})"
        terminal.text(f"  {axis.key}{together}: {' | '.join(values)}")
    for said in _defaults(plan.left_out):
        terminal.text(f"  {said}")
    rows = [(str(one.index), one.image.name, one.parameters.prompt, _at(one)) for one in plan.variants]
    if rows:
        columns = 4 if any(at for *_, at in rows) else 3
        shown = (row[:columns] for row in rows)
        terminal.table(("index", "image", "prompt", "at")[:columns], shown, empty="")
    if plan.count is not None and 0 < len(rows) < plan.count:
        terminal.text(f"… and {plan.count - len(rows):,} more")
    for warning in plan.warnings:
        terminal.note(f"warning: {warning}")
    if seed_drawn:
        terminal.note("Seeds are drawn when the job is submitted, and kept.")


def _at(variant: "Variant") -> str:
    """Where on its axes a variant is, as far as its prompt does not show it."""
    from jobs.spec.fields import FIELDS
    from jobs.template import spell

    prompt = variant.parameters.prompt
    moved = {name: spell(value) for name, value in variant.coordinates.items() if name != "prompt"}
    return ", ".join(f"{name} {said}" for name, said in moved.items() if name in FIELDS or said not in prompt)


def _defaults(left: "Sequence[LeftOut]") -> "Iterator[str]":
    """What models say where the manifest doesn't, a line for each model and origin."""
    groups: dict[tuple[str, str], list[str]] = {}
    for one in left:
        value = f"{one.value:g}" if isinstance(one.value, float) else one.value
        groups.setdefault((one.model, one.origin), []).append(f"{one.field} {value}")
    for (model, origin), said in groups.items():
        whose = {"job": f"model_defaults for {model}", "model": f"not said, so {model}'s own"}
        yield f"{whose.get(origin, f'not said, nor by {model}')}: {', '.join(said)}"


def _estimate(terminal: Terminal, answer: dict[str, object]) -> None:
    linked, count = answer["linked"], answer["count"]
    if isinstance(linked, int) and isinstance(count, int):
        terminal.text(f"{linked:,} of these are made already, {count - linked:,} are new")
    size, gpu, finish = answer["storage_bytes"], answer["gpu_seconds"], answer["finish_seconds"]
    if isinstance(size, int):
        terminal.note(f"About {_bytes(size)} of pictures.")
    if not isinstance(gpu, int | float):
        terminal.note(f"Time is not known: {answer['measured']}.")
        return
    there = f", about {_long(finish)} with the workers that are there" if isinstance(finish, int | float) else ""
    terminal.note(f"About {_long(gpu)} of one device{there}; {answer['measured']}.")


def _bytes(size: int) -> str:
    return f"{size / 1e3:,.0f} kB" if size < 1e6 else f"{size / 1e6:,.1f} MB" if size < 1e9 else f"{size / 1e9:,.1f} GB"


def _long(seconds: float) -> str:
    minutes, hours = seconds / 60, seconds / 3600
    return f"{seconds:,.0f} s" if minutes < 2 else f"{minutes:,.0f} min" if hours < 2 else f"{hours:,.1f} h"
