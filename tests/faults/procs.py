"""What a process has used, as Linux tells it."""

import os
from pathlib import Path


def cpu_seconds(pid: int | None) -> float:
    """User and system time of a process; 0 where it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(int(field) for field in fields[11:13]) / os.sysconf("SC_CLK_TCK")


def resident_bytes(pid: int | None) -> int:
    """Resident memory; 0 where it is gone."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0
