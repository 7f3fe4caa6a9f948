"""What a command says and where: results to stdout, everything else to stderr, JSON or text by one switch."""

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic import BaseModel
    from rich.console import Console


class Terminal:
    """One command's two streams. With `as_json`, `text` and `table` are silent and `answer` prints JSON."""

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json

    @cached_property
    def out(self) -> "Console":
        """stdout, for results."""
        from rich.console import Console

        # A pipe has no width: rows that fold at a guessed 80 columns are no use to grep.
        return Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else 4096)

    @cached_property
    def err(self) -> "Console":
        """stderr, for progress and notes."""
        from rich.console import Console

        return Console(stderr=True, highlight=False, soft_wrap=True)

    @property
    def live(self) -> bool:
        """Somebody watches: progress may redraw."""
        return not self.as_json and self.err.is_terminal and not self.err.is_dumb_terminal

    def note(self, text: str) -> None:
        """A line that is no result: what is going on. Silent with `--json`."""
        if not self.as_json:
            self.err.print(text, markup=False)

    def text(self, text: str) -> None:
        """A line of the result, for people only."""
        if not self.as_json:
            self.out.print(text, markup=False)

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[str]], *, empty: str) -> None:
        """A table of the result, for people only; the sentence `empty` where it has no rows."""
        if self.as_json:
            return
        from rich.table import Table
        from rich.text import Text

        table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
        for column in columns:
            table.add_column(column, overflow="fold")
        for row in rows:
            table.add_row(*(Text(cell) for cell in row))
        if table.row_count:
            self.out.print(table)
        else:
            self.text(empty)

    @contextmanager
    def bar(self, what: str, *, total: int) -> Iterator[Callable[[], None]]:
        """A progress bar on stderr where somebody watches; gives what to call after each of `total` steps."""
        if not self.live or not total:
            yield lambda: None
            return
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=self.err, transient=True) as progress:
            task = progress.add_task(what, total=total)
            yield lambda: progress.advance(task)

    def answer(self, said: "BaseModel | dict[str, object]") -> None:
        """The result as one line of JSON, with `--json` only."""
        if self.as_json:
            body = said if isinstance(said, dict) else said.model_dump(mode="json")
            sys.stdout.write(json.dumps(body, ensure_ascii=False) + "\n")
            sys.stdout.flush()
