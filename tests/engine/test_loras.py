"""LoRAs with weight, several at once: as diffusers' own pipeline wears them, and off again to the bit."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers import StableDiffusionImg2ImgPipeline, StableDiffusionXLImg2ImgPipeline
from peft import LoraConfig
from peft.utils import get_peft_model_state_dict
from safetensors.torch import save_file

from jobs.errors import ModelUnavailable
from jobs.variant import WeightedLora
from tests.engine.orders import Over, order, outcomes, pictures
from tests.engine.test_families import painted
from tests.engine.test_parity import reference
from worker.backends import Refused, Rendered
from worker.backends.local import LocalBackend
from worker.engine.weights import generated_folder

TABLE = """
[models.tiny]
source = "generated:tiny"
revision = "1"
multiple = 8
rows = { default = 4 }
[models.xl]
source = "generated:tiny-xl"
revision = "1"
family = "sdxl"
multiple = 8
rows = { default = 4 }
[loras]
both = { source = "./loras", file = "both.safetensors", models = ["xl"] }
crayon = { source = "./loras", file = "crayon.safetensors", models = ["tiny"] }
ink = { source = "./loras", file = "ink.safetensors", models = ["tiny"] }
absent = { source = "./loras", file = "absent.safetensors", models = ["tiny"] }
broken = { source = "./loras", file = "broken.safetensors", models = ["tiny"] }
strange = { source = "./loras", file = "strange.safetensors", models = ["tiny"] }
"""
CRAYON, INK = WeightedLora("crayon", 0.8), WeightedLora("ink", -1.5)


def fresh(cache_dir: Path) -> StableDiffusionImg2ImgPipeline:
    """Diffusers' pipeline over the small weights."""
    found = StableDiffusionImg2ImgPipeline.from_pretrained(generated_folder("tiny", "1", cache_dir))
    found.set_progress_bar_config(disable=True)
    return found


def fresh_xl(cache_dir: Path) -> StableDiffusionXLImg2ImgPipeline:
    """The same of SDXL."""
    folder = generated_folder("tiny-xl", "1", cache_dir)
    found = StableDiffusionXLImg2ImgPipeline.from_pretrained(folder, add_watermarker=False)
    found.set_progress_bar_config(disable=True)
    return found


def write_lora(
    pipeline: StableDiffusionImg2ImgPipeline | StableDiffusionXLImg2ImgPipeline, folder: Path, name: str, seed: int
) -> None:
    """A LoRA of random weights for attention in UNet and text encoders, as training scripts write them."""
    torch.manual_seed(seed)
    parts = {}
    reading = ["q_proj", "v_proj"]
    for part, targets in (
        ("unet", ["to_q", "to_v", "to_out.0"]),
        ("text_encoder", reading),
        ("text_encoder_2", reading),
    ):
        if not hasattr(pipeline, part):
            continue
        network = getattr(pipeline, part)
        network.add_adapter(LoraConfig(r=2, lora_alpha=4, init_lora_weights=False, target_modules=targets), name)
        parts[f"{part}_lora_layers"] = get_peft_model_state_dict(network, adapter_name=name)
        network.delete_adapters(name) if part == "unet" else network.delete_adapter(name)
    pipeline.save_lora_weights(folder, weight_name=f"{name}.safetensors", safe_serialization=True, **parts)


@pytest.fixture(scope="module")
def folder(cache_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of LoRAs, good and bad, for TABLE."""
    folder = tmp_path_factory.mktemp("loras")
    for seed, name in enumerate(("crayon", "ink")):
        write_lora(fresh(cache_dir), folder / "loras", name, seed)
    write_lora(fresh_xl(cache_dir), folder / "loras", "both", 2)
    (folder / "loras" / "broken.safetensors").write_bytes(b"no safetensors")
    save_file({"unet.nowhere.lora_A.weight": torch.ones(2, 2)}, folder / "loras" / "strange.safetensors")
    return folder


@pytest.fixture(scope="module")
def wearing(folder: Path, over: Over) -> LocalBackend:
    """The engine over that table."""
    return over(TABLE, folder)


@pytest.mark.parametrize("loras", [(CRAYON,), (INK,), (CRAYON, INK)], ids=["one", "negative", "two"])
def test_loras_are_worn_as_diffusers_wears_them(
    loras: Sequence[WeightedLora], wearing: LocalBackend, folder: Path, cache_dir: Path
) -> None:
    pipeline = fresh(cache_dir)
    for lora in loras:
        pipeline.load_lora_weights(
            str(folder / "loras"), weight_name=f"{lora.name}.safetensors", adapter_name=lora.name
        )
    pipeline.set_adapters([lora.name for lora in loras], [lora.weight for lora in loras])
    wanted = [order(n, loras=tuple(loras), sampler=name, strength=0.9) for n, name in enumerate(("ddim", "heun"))]

    found = outcomes(wearing, [*wanted, order(9, strength=0.9)])

    plain = next(outcome for outcome in found if isinstance(outcome, Rendered) and outcome.order.variant.index == 9)
    for outcome in found:
        assert isinstance(outcome, Rendered), outcome
        if outcome is not plain:
            expected = reference(pipeline, outcome.order)
            assert np.abs(outcome.pixels.astype(int) - expected.astype(int)).max() <= 1
            assert np.abs(outcome.pixels.astype(int) - plain.pixels.astype(int)).max() > 3, "it should change something"


def test_sdxl_wears_a_lora_in_both_of_its_text_encoders_as_diffusers_does(
    wearing: LocalBackend, folder: Path, cache_dir: Path
) -> None:
    pipeline = fresh_xl(cache_dir)
    pipeline.load_lora_weights(str(folder / "loras"), weight_name="both.safetensors", adapter_name="both")
    pipeline.set_adapters(["both"], [0.7])
    worn = [order(n, model="xl", loras=(WeightedLora("both", 0.7),), sampler=name, strength=0.9)
            for n, name in enumerate(("ddim", "heun"))]  # fmt: skip
    plain = [order(n, model="xl", sampler=name, strength=0.9) for n, name in ((10, "ddim"), (11, "heun"))]

    found = {
        each.order.variant.index: each for each in outcomes(wearing, [*worn, *plain]) if isinstance(each, Rendered)
    }

    assert sorted(found) == [0, 1, 10, 11]
    for n in (0, 1):
        expected = painted(pipeline, found[n].order)
        assert np.abs(found[n].pixels.astype(int) - expected.astype(int)).max() <= 1
        changed = np.abs(found[n].pixels.astype(int) - found[n + 10].pixels.astype(int)).max()
        assert changed > 3, "it should change something"


def test_sets_take_turns_and_leave_nothing_behind(wearing: LocalBackend, local: LocalBackend) -> None:
    sets = [(), (CRAYON,), (WeightedLora("crayon", 0.3),), (INK,), (CRAYON, INK)]
    wanted = [order(n, loras=sets[n % 5], seed=n, steps=12) for n in range(10)]

    together = pictures(outcomes(wearing, wanted))
    alone = {n: picture for each in wanted for n, picture in pictures(outcomes(wearing, [each])).items()}

    assert together == alone
    assert len(set(together.values())) == len(wanted)
    unworn = [each for each in wanted if not each.variant.parameters.loras]
    fours = pictures(outcomes(local, unworn))
    assert {n: np.frombuffer(fours[n], np.uint8).astype(int).sum() for n in fours} == pytest.approx(
        {n: np.frombuffer(together[n], np.uint8).astype(int).sum() for n in fours}, rel=1e-4
    )


@pytest.mark.parametrize("name", ["absent", "broken", "strange"])
def test_a_lora_that_cannot_be_put_on_refuses_its_rows_alone(name: str, wearing: LocalBackend) -> None:
    plain = pictures(outcomes(wearing, [order(1)]))

    found = outcomes(wearing, [order(0, loras=(WeightedLora(name),)), order(1)])

    (refused,) = (outcome for outcome in found if isinstance(outcome, Refused))
    assert isinstance(refused.error, ModelUnavailable)
    assert name in str(refused.error)
    assert pictures(outcome for outcome in found if outcome is not refused) == plain


def test_what_a_lora_is_changes_the_fingerprint(wearing: LocalBackend) -> None:
    asked = [order(loras=loras).variant for loras in ((), (CRAYON,), (INK,), (WeightedLora("crayon", 0.3),))]

    said = [wearing.fingerprint(each, image_sha256="a" * 64, width=64, height=64) for each in asked]

    assert len(set(said)) == len(asked)
