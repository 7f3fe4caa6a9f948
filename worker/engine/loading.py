"""Reads a model's weights by diffusers' own `from_pretrained`: safetensors only, of a folder, the hub, or made here."""

import inspect
from pathlib import Path
from typing import Any

import torch
from diffusers import StableDiffusionImg2ImgPipeline, StableDiffusionXLImg2ImgPipeline, UNet2DConditionModel

from jobs.errors import ModelUnavailable
from jobs.models import Model
from worker.engine.model import LoadedModel
from worker.engine.weights import generated_folder


def load(model: Model, *, beside: Path, cache_dir: Path, device: torch.device, dtype: torch.dtype) -> LoadedModel:
    """Read a model's weights and put them on the device. Relative folders are relative to `beside`, the table's folder.

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
        pipeline = _read(model, source, dtype).to(device)
    except Exception as error:  # whatever the four libraries below raise over a bad file, it is the same fault here
        message = f"model {model.alias}: {source} can't be loaded: {_cause(error)}"
        raise ModelUnavailable(message, remedy=_remedy(model)) from error
    parts = (getattr(pipeline, name, None) for name in ("unet", "vae", "text_encoder", "text_encoder_2"))
    for part in filter(None, parts):
        part.requires_grad_(requires_grad=False).eval()
    if pipeline.vae.config.force_upcast and dtype == torch.float16:
        pipeline.vae.to(torch.float32)  # SDXL's overflows in float16
    _remember_signatures(pipeline.unet)
    if device.type == "cuda":
        pipeline.unet.to(memory_format=torch.channels_last)
        pipeline.vae.to(memory_format=torch.channels_last)
    return LoadedModel(model, pipeline, device)


def _read(model: Model, source: str, dtype: torch.dtype) -> Any:  # noqa: ANN401 — diffusers' own
    options: dict[str, Any] = {}
    without: dict[str, Any]
    if not model.generated and not model.folder:
        options["revision"] = model.revision
    if model.family == "sdxl":
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
