"""Processes forked from one that has imported everything, which several threads may start and wait for at once.

multiprocessing alone is not safe for that: starting a process polls every other one, so two threads may read the pipe
that tells one exit code; the second finds it empty and calls it 255, or reads what was meant for the next process.
"""

import multiprocessing
import threading
from collections.abc import Callable
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess

_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["tests.faults.lives", "worker.workshop", "worker.ticket", "boto3"])
_POLLING = threading.Lock()
"""Held around whatever may read the pipe of an exit code."""


def fork(target: Callable[..., object], *args: object) -> BaseProcess:
    """Start `target(*args)` in a process of its own; it dies with this one."""
    life = _FORKS.Process(target=target, args=args, daemon=True)
    with _POLLING:
        life.start()
    return life


def exit_code(life: BaseProcess, *, seconds: float) -> int:
    """How a process ended, once and for all; it is killed where it has not after `seconds`, and that is -9."""
    wait([life.sentinel], seconds)
    with _POLLING:
        if life.exitcode is None:
            life.kill()
            life.join()
        code = life.exitcode
        life.close()
    assert code is not None
    return code
