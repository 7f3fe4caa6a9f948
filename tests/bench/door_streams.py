"""Many streams at once: does the door lose a picture, and what does it cost beside the same jobs through the HTTP API.

The paced backend takes nearly no time, so that what is measured is everything but an engine.
"""

import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import httpx

from api.cli.bench import Figure
from api.stack import Stack
from tests.stability.requests import generate, images, request
from tests.stories.conftest import picture

NAME = "door-streams"
SUMMARY = "64 concurrent streams of 10 samples through the gRPC door ÷ the same through the HTTP API; nothing lost."
RUNS = 3
STREAMS = 64
SAMPLES = 10
GOAL = 1.2
SPEC = {"model": "tiny", "prompt": "a boat", "strength": 0.6, "output": {"sheet": False}, "run": {"priority": "urgent"}}


def run(progress: Callable[[str], None]) -> list[Figure]:
    """RUNS pairs of STREAMS callers, after one pair to warm up."""
    through, beside, lost = [], [], 0
    said = {"PENTIMENTO_BACKEND": "paced", "PENTIMENTO_PACED_SECONDS": "0.001"}
    with (
        tempfile.TemporaryDirectory(prefix="pentimento-bench-") as folder,
        Stack(Path(folder), extra_env=said) as stack,
        grpc.insecure_channel(stack.grpc_target) as channel,
        httpx.Client(base_url=stack.api_url, timeout=300, trust_env=False) as http,
        ThreadPoolExecutor(STREAMS) as callers,
    ):
        for number in range(-1, RUNS):
            pair = _timed(callers, _door, channel, number), _timed(callers, _http, http, number)
            lost += sum(STREAMS * SAMPLES - got for _, got in pair)
            if number >= 0:
                through.append(pair[0][0])
                beside.append(pair[1][0])
                progress(f"pair {number + 1} of {RUNS}: {pair[0][0]:.2f} s and {pair[1][0]:.2f} s, {lost} lost")
    ratio = statistics.median(through) / statistics.median(beside)
    return [
        Figure("door ÷ HTTP API, medians", ratio, "×", f"≤ {GOAL:g} ×", ratio <= GOAL),
        Figure("pictures lost", lost, "", "0", lost == 0),
        Figure("through the door, median", STREAMS * SAMPLES / statistics.median(through), "images/s"),
        Figure("through the HTTP API, median", STREAMS * SAMPLES / statistics.median(beside), "images/s"),
    ]


def _timed(callers: ThreadPoolExecutor, call: Callable[[Any, int], int], to: object, number: int) -> tuple[float, int]:
    began = time.perf_counter()
    got = sum(callers.map(lambda caller: call(to, 1_000_000 + 10_000 * number + 100 * caller), range(STREAMS)))
    return time.perf_counter() - began, got


def _door(channel: grpc.Channel, seed: int) -> int:
    found = images(generate(channel, request(init=picture(1), seeds=[seed], samples=SAMPLES), timeout=300))
    return len({one.seed for one in found if one.binary})


def _http(http: httpx.Client, seed: int) -> int:
    uri = http.post("/v1/uploads", content=picture(2)).raise_for_status().json()["uri"]
    spec = {**SPEC, "images": [uri], "samples": SAMPLES, "seed": {"policy": "fixed", "base": seed}}
    job = http.post("/v1/jobs", json=spec).raise_for_status().json()["id"]
    with http.stream("GET", f"/v1/jobs/{job}/events") as told:
        for line in told.iter_lines():
            if line == "event: finished":
                break
    records = http.get(f"/v1/jobs/{job}/results", params={"limit": SAMPLES}).raise_for_status().json()["records"]
    return len({http.get(one["link"]).raise_for_status().content for one in records})
