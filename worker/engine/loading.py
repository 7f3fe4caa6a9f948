"""Reads a model's weights by diffusers' own `from_pretrained`: safetensors only, of a folder, the hub, or made here."""

import inspect
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from diffusers import (
    AutoPipelineForImage2Image,
    DiffusionPipeline,
    StableDiffusionImg2ImgPipeline,
    StableDiffusionXLImg2ImgPipeline,
    UNet2DConditionModel,
)
from huggingface_hub import hf_hub_download

from jobs.errors import InvalidSpec, ModelUnavailable, Problem
from jobs.models import LoraEntry, Model
from worker.engine.device import Device
from worker.engine.model import LoadedModel
from worker.engine.pointwise import widen
from worker.engine.safety import load_checker, names_checker
from worker.engine.weights import generated_folder
from worker.engine.whole import WholeModel


def load(
    model: Model, *, beside: Path, cache_dir: Path, device: Device, fuse: bool = False
) -> LoadedModel | WholeModel:
    """Read a model's weights and put them on the device. Relative folders are relative to `beside`, the table's folder.

    fuse: whether attention's three projections may become one; LoRAs couldn't be put on it any more.

    Raises:
        ModelUnavailable: the weights are missing, corrupt, pickles, or too big for the device; the text says which.

    """
    if model.generated:
        source = str(generated_folder(model.generated, model.revision, cache_dir))
    elif model.folder:
        source = str(_existing(model, beside))
    else:
        source = model.source
    try:
        pipeline = _read(model, source, device.dtype(model)).to(device.torch_device)
        checker = load_checker(model, source, device.torch_device)
    except Exception as error:  # whatever the four libraries below raise over a bad file, it is the same fault here
        message = f"model {model.alias}: {source} can't be loaded: {_cause(error)}"
        raise ModelUnavailable(message, remedy=_remedy(model)) from error
    loaded = prepared(model, pipeline, device, fuse=fuse)
    if checker is not None:
        loaded.looked_after(checker)
    return loaded


def prepared(model: Model, pipeline: Any, device: Device, *, fuse: bool = False) -> LoadedModel | WholeModel:  # noqa: ANN401 — diffusers' own
    """A pipeline whose weights are on the device, as the engine runs it there."""
    if model.family == "auto":
        return WholeModel(model, pipeline, device.torch_device)
    parts = (getattr(pipeline, name, None) for name in ("unet", "vae", "text_encoder", "text_encoder_2"))
    for part in filter(None, parts):
        part.requires_grad_(requires_grad=False).eval()
    if pipeline.vae.config.force_upcast and device.dtype(model) == torch.float16:
        pipeline.vae.to(torch.float32)  # SDXL's overflows in float16
    if device.torch_device.type == "cpu":
        widen(pipeline.unet)
    if fuse and device.fuses:
        pipeline.unet.fuse_qkv_projections()
    # On CPUs, too: a tenth less for convolutions of small latents.
    pipeline.unet.to(memory_format=torch.channels_last)
    pipeline.vae.to(memory_format=torch.channels_last)
    if device.speed == "compile":
        pipeline.unet.compile(fullgraph=True, dynamic=False)
    speed = device.speed
    loaded = LoadedModel(model, pipeline, device.torch_device, graphs=speed == "graphs", traced=speed == "traced")
    _remember_signatures(pipeline.unet)
    return loaded


def lora_file(lora: LoraEntry, model: Model, *, beside: Path) -> Path:
    """Where a LoRA's safetensors lie, fetched from the hub where it comes from there.

    Raises:
        InvalidSpec: it is for other models. ModelUnavailable: it isn't there, or the hub doesn't give it.

    """
    if model.alias not in lora.models:
        remedy = f"It is for {', '.join(lora.models)}."
        raise InvalidSpec([Problem("loras", f"{lora.name} doesn't fit the model {model.alias}", remedy=remedy)])
    try:
        if not lora.folder:
            return Path(hf_hub_download(lora.source, lora.file, revision=lora.revision))
        file = beside / Path(lora.folder).expanduser() / lora.file
        if file.is_file():
            return file
        cause = "there is no such file"
    except Exception as error:  # noqa: BLE001 — the network's, the hub's or the disk's
        cause = _cause(error)
    message = f"LoRA {lora.name}: {lora.identity} can't be had: {cause}"
    raise ModelUnavailable(message, remedy="Check `source` and `file` in the model table.")


def _read(model: Model, source: str, dtype: torch.dtype) -> Any:  # noqa: ANN401 — diffusers' own
    options: dict[str, Any] = {}
    without: dict[str, Any]
    if not model.generated and not model.folder:
        options["revision"] = model.revision
    if model.family == "auto":
        pipeline, without = AutoPipelineForImage2Image, _absent(source, options)
    elif model.family == "sdxl":
        pipeline, without = StableDiffusionXLImg2ImgPipeline, {"add_watermarker": False}
    else:
        nothing = {"safety_checker": None, "feature_extractor": None, "requires_safety_checker": False}
        pipeline, without = StableDiffusionImg2ImgPipeline, nothing
    return pipeline.from_pretrained(
        source,
        variant=model.variant or None,
        dtype=dtype,
        use_safetensors=True,  # never a pickle: reading one runs it
        trust_remote_code=False,
        low_cpu_mem_usage=True,
        **without,
        **options,
    )


def _absent(source: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """The parts that a model says it has not (SD3 without its third text encoder): diffusers wants to be told again.

    And its safety checker, which is asked here (see `safety`): the pipeline would paint black what it minds.
    """
    index = DiffusionPipeline.load_config(source, **options)
    absent = {name: None for name, part in index.items() if isinstance(part, list) and part[:1] == [None]}
    return absent | ({"safety_checker": None} if names_checker(index) else {})


def _remember_signatures(unet: UNet2DConditionModel) -> None:
    """Let `inspect.signature` find its answer: diffusers asks at every attention of every step (80 µs each)."""
    for processor in unet.attn_processors.values():
        call = type(processor).__call__
        setattr(call, "__signature__", inspect.signature(call))  # noqa: B010 — mypy knows no such attribute


def _existing(model: Model, beside: Path) -> Path:
    folder = beside / Path(model.folder).expanduser()
    if not (folder / "model_index.json").is_file():
        message = f"model {model.alias}: {folder} holds no model_index.json"
        raise ModelUnavailable(message, remedy="`source` must name a folder in diffusers' layout.")
    return folder


def _cause(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"


def _remedy(model: Model) -> str:
    if model.generated:
        return "Delete that folder; it is made again."
    if model.folder:
        return "The folder must hold safetensors in diffusers' layout; pickles (.bin, .ckpt) are never read."
    return "Check the network and the hub id, or download the model and name its folder as `source`."
