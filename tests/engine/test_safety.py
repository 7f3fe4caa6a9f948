"""A model that brings a safety checker is looked after by it: what it minds is refused as filtered, never stored."""

import json
import shutil
from pathlib import Path

import pytest
import torch
from diffusers.pipelines.stable_diffusion.safety_checker import StableDiffusionSafetyChecker
from transformers import CLIPConfig

from jobs.errors import Filtered, ModelUnavailable
from jobs.models import ModelTable
from jobs.settings import Settings
from tests.engine.orders import order, outcomes, pictures
from worker.backends import Outcome, Refused
from worker.backends.local import LocalBackend
from worker.engine.weights import generated_folder

TABLE = """
[models.checked]
source = "./checked"
family = "{family}"
dtype = "float32"
multiple = 8
width = 64
height = 64
safety_checker = {on}
"""

FAMILIES = ("sd1", "auto")  # stepped by the engine; a whole pipeline


def _with_checker(folder: Path, cache_dir: Path, *, threshold: float) -> Path:
    """The small model with a checker that minds every picture more alike than `threshold` to concepts of chance."""
    shutil.copytree(generated_folder("tiny", "1", cache_dir), folder)
    vision = {"hidden_size": 8, "intermediate_size": 8, "num_hidden_layers": 1, "num_attention_heads": 1,
              "image_size": 16, "patch_size": 8}  # fmt: skip
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        checker = StableDiffusionSafetyChecker(CLIPConfig(vision_config=vision, projection_dim=8))
    checker.concept_embeds_weights.data.fill_(threshold)
    checker.special_care_embeds_weights.data.fill_(2.0)
    checker.save_pretrained(folder / "safety_checker", safe_serialization=True)
    index = json.loads((folder / "model_index.json").read_text())
    index["safety_checker"] = ["stable_diffusion", "StableDiffusionSafetyChecker"]
    (folder / "model_index.json").write_text(json.dumps(index))
    return folder


def _made(folder: Path, cache_dir: Path, *, on: bool = True, family: str = "sd1") -> list[Outcome]:
    table = folder.parent / "models.toml"
    table.write_text(TABLE.replace("{on}", str(on).lower()).replace("{family}", family))
    backend = LocalBackend(ModelTable.load(table), Settings(cache_dir=cache_dir, device="cpu", threads=1))
    try:
        return outcomes(backend, [order(0, model="checked", steps=2), order(1, model="checked", steps=2, seed=8)])
    finally:
        backend.close()


@pytest.mark.parametrize("family", FAMILIES)
def test_what_the_models_checker_minds_is_refused_as_filtered(tmp_path: Path, cache_dir: Path, family: str) -> None:
    folder = _with_checker(tmp_path / "checked", cache_dir, threshold=-2.0)

    found = _made(folder, cache_dir, family=family)

    assert len(found) == 2
    for outcome in found:
        assert isinstance(outcome, Refused)
        assert isinstance(outcome.error, Filtered)
        assert not outcome.error.retryable


@pytest.mark.parametrize("family", FAMILIES)
def test_what_it_does_not_mind_comes_out_with_the_same_bits_as_without_it(
    tmp_path: Path, cache_dir: Path, family: str
) -> None:
    folder = _with_checker(tmp_path / "checked", cache_dir, threshold=2.0)
    looked_at = pictures(_made(folder, cache_dir, family=family))
    minded = _with_checker(tmp_path / "other" / "checked", cache_dir, threshold=-2.0)

    assert pictures(_made(minded, cache_dir, on=False, family=family)) == looked_at
    assert all(any(picture) for picture in looked_at.values()), "diffusers paints black what it minds"


@pytest.mark.parametrize("left", [(), ("pytorch_model.bin",)], ids=["nothing", "a pickle"])
def test_a_checker_that_cannot_be_loaded_keeps_the_model_from_rendering(
    tmp_path: Path, cache_dir: Path, left: tuple[str, ...]
) -> None:
    folder = _with_checker(tmp_path / "checked", cache_dir, threshold=2.0)
    (folder / "safety_checker" / "model.safetensors").unlink()
    for name in left:
        (folder / "safety_checker" / name).write_bytes(b"\x80\x04cos\nsystem\n(S'id'\ntR.")

    for outcome in _made(folder, cache_dir):
        assert isinstance(outcome, Refused)
        assert isinstance(outcome.error, ModelUnavailable)
