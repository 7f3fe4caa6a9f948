"""`pentimento drill`: break a farm on purpose, and count what was lost, doubled or left behind."""

import importlib
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Protocol, cast

import typer

from api.cli.bench import Figure, context, verdict
from api.cli.options import AsJson
from api.cli.terminal import Terminal
from jobs.errors import NotFound

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "tests" / "drills"
MISSED = 1


class Drill(Protocol):
    """A module in tests/drills: does one kind of damage and returns the tally.

    `run` calls `progress` with a sentence now and then; `short` is the form that CI runs, in seconds.
    """

    NAME: str
    SUMMARY: str

    @staticmethod
    def run(progress: Callable[[str], None], *, short: bool) -> list[Figure]:
        """Break things and count."""
        ...


def drill(
    name: Annotated[str, typer.Argument(metavar="[NAME]", help="Which drill; see --list.")] = "",
    *,
    list_: Annotated[bool, typer.Option("--list", help="Say which drills there are.")] = False,
    short: Annotated[bool, typer.Option("--short", help="The form of seconds that CI runs.")] = False,
    as_json: AsJson = False,
) -> None:
    """Break a farm of this checkout on this machine, and tell what became of its job.

    It starts processes of its own in a temporary folder and touches no other farm. Exit code 1 where a goal is missed.

    [dim]Examples:[/dim]

      pentimento drill --list
      pentimento drill kill --short
      pentimento drill kill --json > kill.json
    """
    terminal = Terminal(as_json=as_json)
    found = drills()
    if list_ or not name:
        terminal.answer({"drills": [{"name": one.NAME, "summary": one.SUMMARY} for one in found.values()]})
        terminal.table(("drill", "does"), [(one.NAME, one.SUMMARY) for one in found.values()], empty="None.")
        return
    if name not in found:
        raise NotFound(f"there is no drill {name!r}", remedy=f"There are: {', '.join(found)}")
    notes: list[str] = []

    def progress(said: str) -> None:
        notes.append(said)
        terminal.note(said)

    figures = found[name].run(progress, short=short)
    around = context(1) | {"form": "short" if short else "long"}
    terminal.answer(
        {"drill": name, "figures": [asdict(figure) for figure in figures], "context": around, "notes": notes}
    )
    rows = [(one.name, f"{one.value:.6g} {one.unit}".rstrip(), one.goal, verdict(one)) for one in figures]
    terminal.table(("figure", "value", "goal", "met"), rows, empty="Nothing was counted.")
    terminal.text(f"the {around['form']} form on {around['cores']} cores, {around['device']}, {around['date']}")
    if any(figure.met is False for figure in figures):
        raise typer.Exit(MISSED)


def drills(folder: Path = FOLDER) -> Mapping[str, Drill]:
    """Every drill by name, found by listing the checkout's folder.

    Raises:
        NotFound: this is no checkout.

    """
    if not folder.is_dir():
        raise NotFound("drills live in the checkout, in tests/drills", remedy="Run ./pentimento drill there")
    # Drills share the fault kit of the tests; another package may have left a top-level `tests` in site-packages.
    if str(ROOT) not in sys.path[:1]:
        sys.path.insert(0, str(ROOT))
    names = sorted(path.stem for path in folder.glob("[!_]*.py") if not path.stem.startswith("test_"))
    modules = [cast("Drill", importlib.import_module(f"tests.drills.{name}")) for name in names]
    return {module.NAME: module for module in modules}
