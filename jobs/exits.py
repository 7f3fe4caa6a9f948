"""Exit codes by which one process of a farm tells another what became of it."""

from typing import Final

DEVICE_LOST: Final = 70
"""A worker whose device hangs or is broken beyond repair from inside (EX_SOFTWARE): start it again."""
