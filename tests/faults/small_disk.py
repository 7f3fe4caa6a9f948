"""A disk that is soon full, for the faults that only come from one: a file system of its own in memory."""

import subprocess
from pathlib import Path
from types import TracebackType
from typing import Self

FILL = ".filled"


class SmallDisk:
    """A tmpfs over `folder`, which it makes; a context manager that unmounts it. Mounting needs root."""

    def __init__(self, folder: Path, size_bytes: int) -> None:
        self.folder = folder
        self._size = size_bytes

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        self._mount(f"size={self._size}")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Lazily: a server that is just ending may hold a file for a moment longer.
        subprocess.run(["umount", "--lazy", str(self.folder)], check=True)

    def fill(self) -> None:
        """Leave no byte."""
        with (self.folder / FILL).open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(4096))
            except OSError:
                return

    def make_room(self) -> None:
        """Take away what filled it."""
        (self.folder / FILL).unlink()

    def _mount(self, options: str) -> None:
        subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(self.folder)], check=True)
