"""Stability's own clients, unchanged, against a farm: the Python SDK, its command line, and gRPC-Web under Node."""

import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest
from PIL import Image

from api.stack.ports import LOOPBACK, is_taken
from jobs.models import ModelTable
from jobs.settings import Settings
from jobs.variant import WeightedPrompt
from jobs.wire import generation_pb2 as wire
from tests.engine.orders import SIZE, order, outcomes, pictures
from tests.remote.conftest import certificate
from tests.remote.wire_server import WireServer, answer, echo, image, init_of, sends, status
from tests.stability.clients import run_node, run_sdk, sdk_scenes
from tests.stories.conftest import Farm, farm_of, picture
from worker.backends.local import LocalBackend
from worker.backends.remote.backend import RemoteBackend
from worker.backends.remote.remotes import Remote

__all__ = ["certificate"]
pytestmark = [pytest.mark.timeout(600), pytest.mark.slow]
KEY = "a-key-of-the-door"


@pytest.fixture(scope="module")
def init(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("init") / "init.png"
    path.write_bytes(picture(40))
    return path


@pytest.fixture(scope="module")
def scenes(farm: Farm, init: Path) -> dict[str, Any]:
    """Everything that users of the SDK do, done once."""
    return sdk_scenes(farm.stack.grpc_target, init)


def test_the_sdk_gets_its_picture_with_its_seed_and_size(scenes: dict[str, Any]) -> None:
    (found,) = scenes["image_to_image"]["pictures"]

    assert (found["seed"], found["size"], found["verdict"]) == (121, [64, 64], True)


def test_the_sdk_gets_two_samples_with_seeds_of_their_own(scenes: dict[str, Any]) -> None:
    found = scenes["two_samples"]["pictures"]

    assert sorted(one["seed"] for one in found) == [7, 8]
    assert len({one["id"] for one in found}) == 2


def test_the_sdk_gets_weighted_prompts_a_preset_and_a_sampler(scenes: dict[str, Any]) -> None:
    assert len(scenes["weights_and_preset"]["pictures"]) == 1


@pytest.mark.parametrize(
    ("scene", "code", "says"),
    [
        ("unknown_engine", "NOT_FOUND", "nobody"),
        ("too_many_steps", "INVALID_ARGUMENT", "steps"),
        ("text_alone", "UNIMPLEMENTED", "init image"),
    ],
)
def test_the_sdk_is_told_what_is_wrong(scenes: dict[str, Any], scene: str, code: str, says: str) -> None:
    assert scenes[scene]["code"] == code
    assert says in scenes[scene]["details"]


def test_the_sdks_context_generates_and_finds_its_purse_full(scenes: dict[str, Any]) -> None:
    assert scenes["context_generate"]["sizes"] == [[64, 64]]
    assert scenes["purse"]["credits"] > 0


def test_the_sdks_mask_with_weighted_prompts_and_a_preset_keeps_what_is_white(scenes: dict[str, Any]) -> None:
    (masked,), (whole,) = scenes["mask"]["pictures"], scenes["weights_and_preset"]["pictures"]

    assert (masked["kept"], whole["kept"]) == (True, False)


def test_the_sdks_context_inpaints(scenes: dict[str, Any]) -> None:
    assert scenes["context_inpaint"] == {"sizes": [[64, 64]]}


def test_the_sdks_command_line_writes_a_picture_for_each_sample(farm: Farm, init: Path, tmp_path: Path) -> None:
    argv = "-m stability_sdk generate -n 2 --start_schedule 0.6 -s 4 -A k_dpmpp_2m -W 64 -H 64 -S 5"

    ran = run_sdk(
        *argv.split(), "-i", init, "a boat", cwd=tmp_path, STABILITY_HOST=farm.stack.grpc_target, STABILITY_KEY="none"
    )

    assert ran.returncode == 0, ran.stderr
    found = sorted(tmp_path.glob("*.png"))
    assert len(found) == 2
    for path in found:
        with Image.open(path) as found_image:
            found_image.load()


@contextmanager
def tls_door(farm: Farm, pair: tuple[bytes, bytes], folder: Path) -> Iterator[tuple[str, Path]]:
    """A second API of the same farm whose door asks for a key and speaks TLS; its host as the SDK wants it."""
    port = next(port for port in range(20_443, 60_000, 1000) if not is_taken(port, LOOPBACK))
    for name, data in zip(("key.pem", "ca.pem"), pair, strict=True):
        (folder / name).write_bytes(data)
    said = {
        "PENTIMENTO_PORT": "0",
        "PENTIMENTO_GRPC_PORT": str(port),
        "PENTIMENTO_GRPC_TLS_KEY": str(folder / "key.pem"),
        "PENTIMENTO_GRPC_TLS_CERTIFICATE": str(folder / "ca.pem"),
        "PENTIMENTO_DOOR_KEY": KEY,
    }
    environment = {**os.environ, **farm.stack.environment, **said}
    argv = [sys.executable, "-P", "-m", "api.web"]
    with subprocess.Popen(argv, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as api:
        try:
            assert api.stdout is not None
            assert b"listens" in api.stdout.readline()
            yield f"localhost:{port}", folder / "ca.pem"
        finally:
            api.terminate()
            api.wait(30)


def test_the_sdk_speaks_tls_with_its_key_and_no_other(
    farm: Farm, init: Path, tmp_path: Path, certificate: tuple[bytes, bytes]
) -> None:
    with tls_door(farm, certificate, tmp_path) as (host, ca):
        trust = {"GRPC_DEFAULT_SSL_ROOTS_FILE_PATH": str(ca)}
        right = sdk_scenes(host, init, "image_to_image", KEY=KEY, **trust)["image_to_image"]
        wrong = sdk_scenes(host, init, "image_to_image", KEY="guessed", **trust)["image_to_image"]

    assert [one["seed"] for one in right["pictures"]] == [121]
    assert wrong["code"] == "UNAUTHENTICATED"


@pytest.fixture(scope="module")
def upstairs() -> Iterator[WireServer]:
    """A server of the protocol that answers with the init image, unless a test says otherwise."""
    with WireServer() as server:
        yield server


@pytest.fixture(scope="module")
def far_farm(tmp_path_factory: pytest.TempPathFactory, upstairs: WireServer) -> Iterator[Farm]:
    """A farm whose worker renders upstairs: every picture goes through the door, the queue and the remote backend."""
    folder = tmp_path_factory.mktemp("far")
    remotes = folder / "remotes.toml"
    remotes.write_text(f'[remotes.upstairs]\ntarget = "127.0.0.1:{upstairs.port}"\n')
    said = {"PENTIMENTO_BACKEND": "upstairs", "PENTIMENTO_REMOTES_FILE": str(remotes)}
    yield from farm_of(folder, PENTIMENTO_ENGINES="*=tiny", **said)


def test_a_picture_that_a_filter_held_back_reaches_the_sdk_as_such(
    far_farm: Farm, upstairs: WireServer, init: Path
) -> None:
    filtered = sends(lambda r: answer(image(init_of(r), r.image.seed[0], finish_reason=wire.FILTER)))
    upstairs.script.append(filtered)

    found = sdk_scenes(far_farm.stack.grpc_target, init, "image_to_image")["image_to_image"]

    assert found["filtered"] == 1
    assert len(found["pictures"]) == 1


def test_a_job_may_ask_for_a_remote_by_name(far_farm: Farm, upstairs: WireServer) -> None:
    spec = {"images": [far_farm.upload(picture(3))], "model": "tiny", "prompt": "a boat", "samples": 3}
    upstairs.script += [status(grpc.StatusCode.UNAVAILABLE), echo, sends()]

    job = far_farm.submit({**spec, "run": {"backend": "upstairs"}})
    refused = far_farm.http.post("/v1/jobs", json={**spec, "run": {"backend": "downstairs"}})

    assert far_farm.finished(job)["state"] == "succeeded"
    assert len(far_farm.pictures(job)) == 3
    assert refused.status_code == 422


@pytest.mark.system("node")
@pytest.mark.system("npm")
@pytest.mark.parametrize("mode", ["improbable", "text"])
def test_the_typescript_examples_request_writes_its_picture(far_farm: Farm, tmp_path: Path, mode: str) -> None:
    (tmp_path / "init.png").write_bytes(picture(90, size=512))

    ran = run_node(mode, far_farm.stack.api_url, tmp_path / "init.png", tmp_path)

    assert ran.returncode == 0, ran.stderr
    with Image.open(tmp_path / "image-121245125.png") as found:
        found.load()
        made = json.loads(found.info["pentimento"])["parameters"]
    assert (made["seed"], made["steps"], made["strength"], made["cfg_scale"]) == (121245125, 50, 0.6, 8.0)
    assert (made["sampler"], made["width"], made["height"]) == ("dpmpp_2m", 512, 512)
    assert made["prompts"][0]["text"] == "crayon drawing of rocket ship launching from forest"


@pytest.mark.system("node")
@pytest.mark.system("npm")
@pytest.mark.parametrize("mode", ["improbable", "text"])
def test_node_clients_are_told_what_is_wrong(farm: Farm, init: Path, tmp_path: Path, mode: str) -> None:
    ran = run_node(mode, farm.stack.api_url, init, tmp_path, ENGINE="nobody")

    assert ran.returncode == 3
    assert "nobody" in ran.stderr


def test_a_farm_behind_another_gives_the_same_pixels_as_the_engine_itself(farm: Farm, tmp_path: Path) -> None:
    orders = [
        order(0, seed=11, strength=0.6),
        order(1, seed=2**32 - 1, sampler="dpmpp_2m", strength=0.35, steps=8),
        order(2, seed=12, sampler="euler_ancestral", negative_prompt="fog {x}", cfg_scale=6.5),
        order(3, seed=13, prompts=(WeightedPrompt("a {boat}", 1.5), WeightedPrompt("snow", -0.5)), strength=1.0),
    ]
    left = np.full((SIZE, SIZE), 255, np.uint8)
    left[:, :20], left[:, 20:30] = 0, 100
    orders.append(replace(order(4, seed=14), mask=left))
    table = ModelTable.load()
    local = LocalBackend(table, Settings(cache_dir=Path(farm.stack.folder.cache), device="cpu", threads=1))
    remote = RemoteBackend(table, Remote(name="farm", target=farm.stack.grpc_target))
    try:
        assert pictures(outcomes(remote, orders)) == pictures(outcomes(local, orders))
    finally:
        remote.close()
        local.close()


def test_a_picture_from_the_door_is_the_one_that_the_job_stored(farm: Farm, init: Path) -> None:
    jobs = farm.http.get("/v1/jobs", params={"limit": 5}).json()["jobs"]
    through_the_door = next(job for job in jobs if job["name"] == "stability" and job["settled"])

    (stored, *_) = farm.pictures(through_the_door["id"])

    with Image.open(io.BytesIO(stored.read_bytes())) as kept:
        assert "pentimento" in kept.info
