"""What has to be said again and again while work is held, from a thread of its own: the work may take its time."""

import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self


class Heart:
    """Calls `again` every `seconds`, until it answers False or `stop` is called. It must not raise.

    As a context manager: for as long as the work takes.
    """

    def __init__(self, again: Callable[[], bool], *, seconds: float, name: str) -> None:
        self._again = again
        self._seconds = seconds
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Begin; the first call comes after `seconds`."""
        self._thread.start()

    def stop(self) -> None:
        """End, after the call that may be on its way. Again is no error."""
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._over.wait(self._seconds) and self._again():
            pass
