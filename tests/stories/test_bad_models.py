"""A model folder that can't be read costs its own variants alone: the worker says why, and paints on."""

import shutil
from pathlib import Path

import pytest

from api.stack import Stack
from tests.stories.conftest import QUICK, Farm, picture
from worker.engine.weights import generated_folder

pytestmark = [pytest.mark.timeout(600), pytest.mark.slow]

ENTRY = '[models.{alias}]\nsource = "./{alias}"\nrevision = "1"\nmultiple = 8\nwidth = 64\nheight = 64\n'
WEIGHTS = Path("unet") / "diffusion_pytorch_model.safetensors"


def test_pickled_corrupt_and_missing_weights_are_refused_with_the_reason_and_the_worker_lives_on(
    tmp_path: Path,
) -> None:
    sound = generated_folder("tiny", "1", tmp_path)
    names = ("sound", "pickled", "corrupt", "missing")
    for name in names:
        shutil.copytree(sound, tmp_path / name)
    trap = tmp_path / "opened"
    (tmp_path / "pickled" / WEIGHTS).unlink()
    # What a pickle would do once it is read: open a file for writing.
    pickle = f"c__builtin__\nopen\n(V{trap}\nVw\ntR.".encode("ascii")
    (tmp_path / "pickled" / WEIGHTS.with_suffix(".bin")).write_bytes(pickle)
    (tmp_path / "corrupt" / WEIGHTS).write_bytes((sound / WEIGHTS).read_bytes()[:4000])
    shutil.rmtree(tmp_path / "missing" / "vae")
    table = tmp_path / "models.toml"
    table.write_text("".join(ENTRY.format(alias=name) for name in names))

    with (
        Stack(tmp_path / "data", extra_env={**QUICK, "PENTIMENTO_MODELS_FILE": str(table)}) as stack,
        Farm(stack) as farm,
    ):
        worker = stack.processes["worker"]
        asked = {"images": [farm.upload(picture(30))], "prompt": "a boat", "steps": 3}
        job = farm.submit({**asked, "model": list(names)})
        view = farm.finished(job)
        later = farm.finished(farm.submit({**asked, "model": "sound"}))
        lines = farm.lines(job, "errors.jsonl")

        assert stack.processes["worker"] == worker

    assert (view["state"], view["settled"], view["refused"]) == ("partial", 1, 3)
    assert later["state"] == "succeeded"
    said = {line["parameters"]["model"]: line["error"] for line in lines}
    assert set(said) == set(names) - {"sound"}
    for name, error in said.items():
        assert error["code"] == "model_unavailable"
        assert name in error["message"]
    assert "safetensors" in said["pickled"]["message"]
    assert not trap.exists()
