"""How many of a machine's cores compute a model where there is no GPU: all but one, shared by the workers on it.

torch's threads wait for each other actively, also for one that another process keeps from its core: beside one busy
program the demo took twelve times as long on two of two cores as on one. With nobody beside it, it took as long on one
as on two; larger pictures (256²) then take 1.7 times as long on one, which on two cores is the price.
"""

import os


def cores_here() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def threads(cores: int, *, workers: int = 1) -> int:
    """Threads for each worker's model, at least 1."""
    return max(1, (cores - 1) // workers)
