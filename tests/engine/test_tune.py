"""Tuning measures what pays and fits, and what it proposes is an entry of the model table."""

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import torch

from jobs.models import Model, ModelTable
from jobs.settings import Settings
from worker.engine.model import LoadedModel
from worker.engine.tune import Point, ladder, tune


def points(rates: dict[int, float]) -> list[Point]:
    return [Point("step", 64, 64, rows, rows / rate, rate, 0) for rows, rate in rates.items()]


def test_the_smallest_batch_near_the_full_rate_is_chosen_and_the_ladder_goes_down_from_it() -> None:
    assert ladder(points({2: 10, 4: 19, 8: 30, 16: 31, 32: 31.1}), least=2) == (8, 4, 2)
    assert ladder(points({2: 30, 4: 28}), least=2) == (2,)


def test_a_proposal_is_an_entry_of_the_table_and_ends_where_memory_does(
    cache_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    denoise, now = LoadedModel.denoise, [0.0]

    def counted(model: LoadedModel, latents: torch.Tensor, *rest: object) -> torch.Tensor:
        if latents.shape[0] > 8:
            raise torch.OutOfMemoryError("tried to allocate")
        now[0] += 1.0  # a call costs the same however wide it is
        return denoise(model, latents, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(LoadedModel, "denoise", counted)
    table, seen = ModelTable.load(), list[Point]()
    found = tune(
        table.resolve("tiny"),
        [(64, 64)],
        Settings(cache_dir=cache_dir, device="cpu", threads=1),
        beside=table.path.parent,
        most_rows=32,
        progress=seen.append,
        clock=lambda: now[0],
    )

    assert found.rows["64x64"] == (8, 4, 2)
    assert tuple(seen) == found.points
    written = tomllib.loads(found.entry)["models"]["tiny"]
    pinned = Model.model_validate({**table.resolve("tiny").model_dump(), **written})
    assert pinned.row_ladder(64, 64) == (8, 4, 2)
    assert pinned.row_ladder(72, 72) == table.resolve("tiny").row_ladder(72, 72)


def test_the_command_says_what_is_wrong_in_json(cache_dir: Path) -> None:
    argv = [sys.executable, "-m", "worker.engine.tune", "tiny", "--size", "60x60"]

    around = {**os.environ, "PENTIMENTO_CACHE_DIR": str(cache_dir)}
    ran = subprocess.run(argv, capture_output=True, text=True, timeout=120, env=around, check=False)

    assert ran.returncode == 1
    assert "multiples of 8" in json.loads(ran.stdout)["error"]["message"]
