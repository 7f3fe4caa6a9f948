"""LoRAs put on a model and taken off again between two batches, by diffusers' own loader and PEFT.

One copy of the weights serves every set: changing sets costs a walk over the layers, and a model that has put all of
them off computes to the bit what it computed before it had any.
"""

from collections import OrderedDict
from pathlib import Path
from typing import Any

import torch

from jobs.errors import ModelUnavailable
from jobs.variant import WeightedLora

_KEPT = 16  # LoRAs beside one model; about 20 to 200 MB each


class Adapters:
    """The LoRAs of one loaded pipeline. `offer` from any thread, the rest from the device's."""

    def __init__(self, pipeline: Any, alias: str) -> None:  # noqa: ANN401 — diffusers' own
        """Wears none. `alias` is for messages."""
        self._pipeline = pipeline
        self._alias = alias
        self._files: dict[str, Path] = {}
        self._loaded: OrderedDict[str, None] = OrderedDict()
        self._worn: tuple[WeightedLora, ...] | None = ()
        self.forgotten = 0
        """How many were let go of: their weights are no longer where they were."""

    @property
    def worn(self) -> bool:
        """Whether the model computes with any."""
        return self._worn != ()

    def offer(self, name: str, file: Path) -> None:
        """Say where a LoRA's safetensors lie, before anything wears it."""
        self._files[name] = file

    def wear(self, loras: tuple[WeightedLora, ...]) -> None:
        """Let the model compute with these and no others from now on.

        Raises:
            ModelUnavailable: one can't be read, or doesn't fit the model.

        """
        if loras == self._worn:
            return
        self._worn = None
        for lora in loras:
            self._load(lora.name)
        if loras:
            self._pipeline.enable_lora()
            self._pipeline.set_adapters([lora.name for lora in loras], [lora.weight for lora in loras])
        elif self._loaded:
            self._pipeline.disable_lora()
        self._worn = loras

    def _load(self, name: str) -> None:
        if name in self._loaded:
            self._loaded.move_to_end(name)
            return
        file = self._files[name]
        try:
            with torch.inference_mode(mode=False):
                self._pipeline.load_lora_weights(
                    str(file.parent), weight_name=file.name, adapter_name=name, local_files_only=True,
                    use_safetensors=True,
                )  # fmt: skip
            self._check(name)
        except Exception as error:  # whatever the libraries below raise over a bad file, it is the same fault here
            said = " ".join(str(error).split())[:300]
            message = f"LoRA {name}: {file} can't be put on {self._alias}: {type(error).__name__}: {said}"
            raise ModelUnavailable(message, remedy="It must be a safetensors LoRA made for this model.") from error
        self._loaded[name] = None
        if len(self._loaded) > _KEPT:
            oldest, _ = self._loaded.popitem(last=False)
            self._pipeline.delete_adapters(oldest)
            self.forgotten += 1

    def _check(self, name: str) -> None:
        if name not in {each for names in self._pipeline.get_list_adapters().values() for each in names}:
            message = "none of its weights belongs to a layer of the model"
            raise ValueError(message)
