"""What the settings want warm is warm before any work is claimed, and a worker says what it computes on."""

import threading
from pathlib import Path

import pytest
from pydantic import SecretStr

from jobs.errors import ModelUnavailable
from jobs.settings import Settings
from worker import ticket
from worker.workshop import Workshop


@pytest.fixture
def cold(redis_url: str, tmp_path: Path) -> Workshop:
    """A worker without a process that is to warm a model."""
    return Workshop(
        Settings(
            redis_url=SecretStr(redis_url), output_uri=f"file://{tmp_path}", cache_dir=tmp_path, device="cpu",
            threads=1, warm="tiny",
        )
    )  # fmt: skip


def test_a_cold_worker_claims_nothing_and_a_warm_one_says_its_device(
    cold: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    warm, go_on = cold.backend.warm, threading.Event()
    asked: list[object] = []
    monkeypatch.setattr(cold.backend, "warm", lambda: go_on.wait(60) and warm())
    monkeypatch.setattr(cold.leasing, "lease", lambda *args, **_: asked.append(args))

    warming = cold.warm_up()
    ticket.render(cold)
    while_cold, said = list(asked), cold.view()
    go_on.set()
    warming.join(120)
    ticket.render(cold)

    assert while_cold == []
    assert said.busy == said.slots
    assert len(asked) == 1
    assert cold.view().device_name.startswith("cpu ")
    assert cold.view().busy == 0
    assert list(cold.backend._open().shelf._loaded) == ["tiny"]  # type: ignore[attr-defined]
    cold.close()


def test_a_model_that_cannot_be_warmed_does_not_keep_the_worker_cold(
    cold: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise ModelUnavailable("not here")

    monkeypatch.setattr(cold.backend, "warm", fail)

    cold.warm_up().join(60)

    assert not cold.cold.is_set()
    cold.close()
