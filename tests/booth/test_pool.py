"""Strangers' pictures are decoded by processes that know no secrets, may not grow, and whose death is one sentence."""

import io
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from jobs.errors import BadImage
from worker.booth.decode import decode
from worker.booth.pool import Booths

MAX = 1_000_000


def picture(kind: str = "PNG", side: int = 40) -> bytes:
    levels = np.random.default_rng(side).integers(0, 255, (side, side + 3, 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(levels).save(file, kind)
    return file.getvalue()


@pytest.fixture(scope="module")
def booths() -> Iterator[Booths]:
    made = Booths(most=2)
    yield made
    made.rest()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_picture_comes_out_as_if_it_were_decoded_here(booths: Booths, kind: str) -> None:
    data = picture(kind)

    found = booths.decode(data, max_pixels=MAX)

    assert np.array_equal(found.pixels, decode(data, max_pixels=MAX).pixels)
    assert found.format == kind


def test_a_bad_picture_is_refused_as_it_is_here_and_the_process_goes_on(booths: Booths) -> None:
    booths.decode(picture(), max_pixels=MAX)
    before = list(booths.pids)

    with pytest.raises(BadImage, match="truncated or corrupt") as caught:
        booths.decode(picture()[:-20], max_pixels=MAX)

    assert caught.value.remedy
    assert list(booths.pids) == before


def test_what_the_first_bytes_tell_costs_no_process() -> None:
    idle = Booths()

    with pytest.raises(BadImage, match="not a PNG"):
        idle.decode(b"<html>", max_pixels=MAX)

    assert not idle.pids


def test_a_process_that_dies_is_replaced_and_the_picture_is_not_blamed(booths: Booths) -> None:
    booths.decode(picture(), max_pixels=MAX)
    dead = booths.pids[-1]
    os.kill(dead, signal.SIGKILL)

    assert booths.decode(picture(), max_pixels=MAX).pixels.shape == (40, 43, 3)
    assert dead not in booths.pids


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_process_works_on_while_its_worker_is_told_to_end(booths: Booths, number: signal.Signals) -> None:
    booths.decode(picture(), max_pixels=MAX)
    before = list(booths.pids)
    for pid in before:
        os.kill(pid, number)

    booths.decode(picture(), max_pixels=MAX)

    assert before
    assert set(before) <= set(booths.pids)


def test_a_picture_that_brings_two_processes_down_is_refused() -> None:
    made = Booths(wall_seconds=0.0)

    with pytest.raises(BadImage, match="brings its decoder down"):
        made.decode(picture(), max_pixels=MAX)

    assert not made.pids


def test_threads_decode_at_once_and_no_more_processes_live_than_said(booths: Booths) -> None:
    data = [picture(side=side) for side in range(20, 36)]

    with ThreadPoolExecutor(8) as pool:
        shapes = list(pool.map(lambda one: booths.decode(one, max_pixels=MAX).pixels.shape[0], data))

    assert shapes == list(range(20, 36))
    assert len(booths.pids) <= 2


def test_a_process_knows_no_secret_and_holds_no_file(booths: Booths, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PENTIMENTO_S3_SECRET_KEY", "canary")
    booths.rest()
    booths.decode(picture(), max_pixels=MAX)
    (pid,) = booths.pids
    process = Path(f"/proc/{pid}")
    if not process.is_dir():
        pytest.skip("this system has no /proc")

    assert b"PENTIMENTO" not in (process / "environ").read_bytes()
    assert sorted(one.name for one in (process / "fd").iterdir()) == ["0", "1", "2"]
    limits = (process / "limits").read_text()
    assert "Max file size             0 " in limits


def test_at_rest_no_process_is_left(booths: Booths) -> None:
    booths.decode(picture(), max_pixels=MAX)
    left = list(booths.pids)

    booths.rest()

    assert left
    assert not any(Path(f"/proc/{pid}").exists() for pid in left)


@pytest.mark.parametrize(
    ("then", "end"),
    [
        ("bytearray(400 << 20)", 1),
        ("bytearray(40 << 20)", 0),
        ("while True: pass", -signal.SIGXCPU),
    ],
    ids=["memory", "memory that is meant for it", "time"],
)
def test_a_decode_is_bounded_in_memory_and_in_time(then: str, end: int) -> None:
    said = f"from worker.booth import inside; inside.CPU_SECONDS = 1; inside._bound(b'', 1000)\n{then}"

    ran = subprocess.run([sys.executable, "-c", said], capture_output=True, text=True, check=False)

    assert ran.returncode == end, ran.stderr
    assert ("MemoryError" in ran.stderr) is (end == 1)
