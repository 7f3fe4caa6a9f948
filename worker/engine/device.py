"""Which device and number format this process computes with, and what of that decides the pixels."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import torch

from jobs.cores import cores_here, threads
from jobs.models import Model
from jobs.settings import Settings
from jobs.telemetry.metrics import DEVICE_MEMORY

_Speed = Literal["plain", "traced", "graphs", "compile"]
_QUICKEST: Mapping[str, _Speed] = {"cuda": "graphs", "cpu": "traced"}


@dataclass(frozen=True, slots=True)
class Device:
    """A device, opened. kind: for fingerprints; equal kinds compute equal bits with equal versions.

    speed: how steps are run: as they are (`plain`), recorded (`traced`: the same bits), as CUDA graphs, or compiled.
    """

    torch_device: torch.device
    kind: str
    dtype_setting: str
    speed: _Speed = "plain"

    @classmethod
    def open(cls, settings: Settings) -> "Device":
        """The device that the settings name, as `chosen` reads it. Sets the CPU threads, which a GPU needs none of."""
        here = torch.backends.mps.is_available()
        device = torch.device(chosen(settings.device, cuda=torch.cuda.device_count(), mps=here))
        if settings.threads or device.type == "cpu":
            torch.set_num_threads(settings.threads or threads(cores_here()))
        if device.type == "cuda":
            # Read whenever the figures are told, from another thread than the device's: both only ask the driver.
            DEVICE_MEMORY.labels("used").set_function(lambda: _memory(device)[1] - _memory(device)[0])
            DEVICE_MEMORY.labels("limit").set_function(lambda: _memory(device)[1])
        speed = _QUICKEST.get(device.type, "plain") if settings.speed == "auto" else settings.speed
        return cls(device, _kind(device), settings.dtype, speed)

    @property
    def name(self) -> str:
        """What people call it: its kind, and which of several it is."""
        which = f" {self.torch_device}" if self.torch_device.type == "cuda" and torch.cuda.device_count() > 1 else ""
        return f"{self.kind}{which}"

    @property
    def fuses(self) -> bool:
        """Whether attention's projections are fused where no LoRA wants them apart."""
        return self.torch_device.type == "cuda" and self.speed != "plain"

    def weights_bytes(self, setting: int) -> int:
        """Bytes of weights that may lie on the device: the setting, or 60% of its memory; batches need the rest."""
        if setting:
            return setting
        if self.torch_device.type == "cuda":
            return int(0.6 * torch.cuda.get_device_properties(self.torch_device).total_memory)
        return int(0.6 * os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))

    def dtype(self, model: Model) -> torch.dtype:
        """The format that a model computes in here: the table's word, else the settings', else the device's best."""
        name = model.dtype if model.dtype != "auto" else self.dtype_setting
        if name == "auto":
            name = {"cuda": "bfloat16", "mps": "float16"}.get(self.torch_device.type, "float32")
        found: torch.dtype = getattr(torch, name)
        return found


def _memory(device: torch.device) -> tuple[int, int]:
    """Free and total bytes, whoever uses them."""
    free, total = torch.cuda.mem_get_info(device)
    return int(free), int(total)


def chosen(setting: str, *, cuda: int, mps: bool) -> str:
    """What torch calls the device that `setting` means on a machine with so many CUDA devices.

    `auto` takes CUDA, then MPS, then the CPU; `auto:1` is the second of several workers, who share CUDA devices evenly.
    """
    name, _, turn = setting.partition(":")
    if name != "auto":
        return setting
    if cuda:
        return f"cuda:{int(turn or 0) % cuda}"
    return "mps" if mps else "cpu"


def be_on(device: torch.device) -> None:
    """Make it the calling thread's own: a CUDA graph records the thread's device, wherever the tensors may lie."""
    if device.type == "cuda" and device.index is not None:
        torch.cuda.set_device(device)


def _kind(device: torch.device) -> str:
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    if device.type == "cpu":
        # The instruction set chooses the kernels, the thread count how sums are split: bits depend on both.
        return f"cpu {torch.backends.cpu.get_cpu_capability()} x{torch.get_num_threads()}"
    return device.type
