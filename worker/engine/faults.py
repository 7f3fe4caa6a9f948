"""What goes wrong on the device, sorted: this row's fault, everybody's, or the end of the process."""

import logging
import os
from collections.abc import Callable

import torch

from jobs.errors import OutOfMemory, PentimentoError
from jobs.exits import DEVICE_LOST

_log = logging.getLogger(__name__)

Exit = Callable[[int], None]


def named(error: Exception) -> PentimentoError:
    """The error as one of the house's; what it doesn't know becomes `internal`, which is never retried."""
    if isinstance(error, PentimentoError):
        return error
    if is_out_of_memory(error):
        message = f"the device has too little memory for this row: {_brief(error)}"
        return OutOfMemory(message, remedy="Ask for a smaller size, or pin fewer `rows` for it in the model table.")
    return PentimentoError(f"the engine failed: {type(error).__name__}: {_brief(error)}")


def leave_if_lost(error: Exception, device: torch.device, leave: Exit = os._exit) -> None:
    """End the process where the device is lost: after an illegal access every further CUDA call of it fails.

    Its leases expire and other workers take them up; a supervisor starts it again.
    """
    if device.type != "cuda" or isinstance(error, PentimentoError) or is_out_of_memory(error):
        return
    try:
        torch.cuda.synchronize(device)
    except Exception:  # noqa: BLE001 — any answer but success means that it is lost
        _log.critical("the device is lost, the process ends: %s", _brief(error))
        leave(DEVICE_LOST)


def give_back_memory(device: torch.device) -> None:
    """Let go of what torch keeps for later, so that smaller pieces can be cut from it."""
    if device.type == "cuda":
        torch.cuda.empty_cache()


def is_out_of_memory(error: Exception) -> bool:
    """Whether the device, or this machine, had no more to give."""
    return isinstance(error, torch.OutOfMemoryError | MemoryError) or "can't allocate memory" in str(error)


def _brief(error: Exception) -> str:
    return " ".join(str(error).split())[:300]
