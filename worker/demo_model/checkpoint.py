"""A stage's checkpoint as one safetensors file, which can't run code: tensors by dotted names, the rest in its header.

`unet.conv_in.weight` is a weight, `optimizer.12.exp_avg` what the optimizer remembers of its thirteenth one.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save_file

Tensors = dict[str, torch.Tensor]
_HEADER = "progress"


@dataclass(frozen=True, slots=True)
class Progress:
    """Steps and seconds of training so far; `curve` has mean losses: step, seconds, by name."""

    step: int
    spent: float
    curve: list[tuple[int, float, dict[str, float]]]


def write(place: Path, progress: Progress, tensors: Tensors) -> None:
    """Write it beside the old one, then take its place."""
    beside = place.with_suffix(".part")
    header = {"step": progress.step, "spent": progress.spent, "curve": progress.curve}
    dense = {name: tensor.detach().contiguous() for name, tensor in tensors.items()}
    save_file(dense, beside, metadata={_HEADER: json.dumps(header)})
    beside.replace(place)


def read(place: Path, device: torch.device, part: str = "") -> tuple[Progress, Tensors]:
    """What `write` wrote, or of its tensors those of one part; on the device."""
    with safe_open(place, "pt", device=str(device)) as file:
        header = json.loads(file.metadata()[_HEADER])
        tensors = {name: file.get_tensor(name) for name in file.keys() if name.startswith(part)}  # noqa: SIM118
    curve = [(step, seconds, losses) for step, seconds, losses in header["curve"]]
    return Progress(header["step"], header["spent"], curve), tensors


def named(part: str, tensors: Mapping[str, torch.Tensor]) -> Tensors:
    """The tensors as a part of a checkpoint."""
    return {f"{part}.{name}": tensor for name, tensor in tensors.items()}


def part_of(tensors: Tensors, part: str) -> Tensors:
    """The tensors of a part, by their names within it."""
    return {name.removeprefix(f"{part}."): tensor for name, tensor in tensors.items() if name.startswith(f"{part}.")}


def memory(optimizer: torch.optim.Optimizer) -> Tensors:
    """What an optimizer remembers of every weight; its settings are the code's."""
    state = optimizer.state_dict()["state"]
    return {f"{place}.{name}": tensor for place, kept in state.items() for name, tensor in kept.items()}


def remember(optimizer: torch.optim.Optimizer, kept: Tensors) -> None:
    """Give a fresh optimizer of the same weights its memory back, each moment laid out in memory as its weight is."""
    weights = [weight for group in optimizer.param_groups for weight in group["params"]]
    state: dict[int, Tensors] = {}
    for name, tensor in kept.items():
        place, _, kind = name.partition(".")
        laid = tensor if tensor.ndim == 0 else torch.empty_like(weights[int(place)]).copy_(tensor)
        state.setdefault(int(place), {})[kind] = laid
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})
