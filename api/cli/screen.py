"""Progress as it looks: one line for a log, a block for a terminal that redraws."""

from typing import TYPE_CHECKING

from rich.console import Group
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from api.cli.progress import Progress, duration

if TYPE_CHECKING:
    from rich.console import RenderableType


def line(progress: Progress) -> str:
    """`01JY… running 12/100, 1 refused, 3.2/s, 27.5 s left`."""
    counted = f"{progress.settled}/{progress.count}" if progress.count else "not planned yet"
    parts = [f"{progress.job} {progress.state} {counted}"]
    parts += [f"{progress.refused} refused"] if progress.refused else []
    told = f"{progress.refused} refused"  # what the ledger says of a job that ended with refusals
    return ", ".join([*parts, *_speed(progress)]) + (
        f" ({progress.reason})" if progress.reason not in {"", told} else ""
    )


def block(progress: Progress) -> "RenderableType":
    """A bar, the counts, and why variants were refused."""
    head = Table.grid(padding=(0, 1))
    bar = ProgressBar(total=progress.count or None, completed=progress.done, width=32, pulse=not progress.count)
    counted = f"{progress.settled}/{progress.count}" if progress.count else "planning"
    said = ", ".join([counted, *([f"{progress.refused} refused"] if progress.refused else []), *_speed(progress)])
    head.add_row(Text(str(progress.state), style="bold"), bar, Text(said))
    lines: list[RenderableType] = [head]
    if progress.reason:
        lines.append(Text(progress.reason, style="yellow"))
    if progress.causes:
        lines.append(Text(causes(progress.causes), style="red"))
    if progress.last_refusal:
        lines.append(Text(progress.last_refusal, style="dim"))
    return Group(*lines)


def causes(counts: dict[str, int]) -> str:
    """`refused: 3 bad_image, 1 unreachable`, most frequent first."""
    ordered = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    return "refused: " + ", ".join(f"{count} {code}" for code, count in ordered)


def _speed(progress: Progress) -> list[str]:
    left = progress.seconds_left
    speed = [f"{progress.per_second:.2g}/s"] if progress.per_second else []
    return speed + ([f"{duration(left)} left"] if left else [])
