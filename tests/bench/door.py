"""What the gRPC door adds to a request: the time to its first picture, beside the same job through the HTTP API.

Both sides upload the init image, submit the job, watch it and fetch the picture; the paced backend takes a fixed time
for it. They take turns, so that whatever else the machine does falls on both.
"""

import io
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import grpc
import httpx

from api.cli.bench import Figure
from api.cli.client import Client
from api.cli.sse import events
from api.stack import Stack
from jobs.manifest import parse_manifest
from jobs.spec import canonical_json
from jobs.wire import generation_pb2 as wire
from tests.stability.requests import generate, request
from tests.stories.conftest import picture

NAME = "door"
SUMMARY = "Time to first image of a 512 × 512 request through the gRPC door ÷ the same job through the HTTP API."
RUNS = 15
GOAL = 1.1
PACED_SECONDS = 1.0
MANIFEST = """
images: ["{uri}"]
model: tiny
prompt: a boat
strength: 0.6
seed: {{policy: fixed, base: {seed}}}
run: {{priority: urgent}}
output: {{sheet: false}}
"""


def run(progress: Callable[[str], None]) -> list[Figure]:
    """RUNS pairs, after one to warm up; every init image is another one, so that each side uploads its own."""
    through, beside = [], []
    said = {"PENTIMENTO_BACKEND": "paced", "PENTIMENTO_PACED_SECONDS": str(PACED_SECONDS)}
    with (
        tempfile.TemporaryDirectory(prefix="pentimento-bench-") as folder,
        Stack(Path(folder), extra_env=said) as stack,
        Client(stack.api_url) as client,
        grpc.insecure_channel(stack.grpc_target) as channel,
    ):
        for number in range(-1, RUNS):
            pair = _door(channel, number + 1), _http(client, number + 1)
            if number >= 0:
                through.append(pair[0])
                beside.append(pair[1])
                progress(f"pair {number + 1} of {RUNS}: {pair[0]:.2f} s and {pair[1]:.2f} s")
    ratio = statistics.median(through) / statistics.median(beside)
    return [
        Figure("door ÷ HTTP API, medians", ratio, "×", f"≤ {GOAL:g} ×", ratio <= GOAL),
        Figure("through the door, median", statistics.median(through), "s"),
        Figure("through the HTTP API, median", statistics.median(beside), "s"),
        Figure("of which the paced backend", PACED_SECONDS, "s"),
    ]


def _door(channel: grpc.Channel, number: int) -> float:
    began = time.perf_counter()
    asked = request(init=picture(2 * number, size=512), seeds=[number + 1])
    for answer in generate(channel, asked, timeout=120):
        if answer.artifacts and answer.artifacts[0].type == wire.ARTIFACT_IMAGE:
            return time.perf_counter() - began
    raise AssertionError("no picture")


def _http(client: Client, number: int) -> float:
    began = time.perf_counter()
    uri = client.upload(picture(2 * number + 1, size=512)).uri
    spec = parse_manifest(MANIFEST.format(uri=uri, seed=number + 1), source="bench", format="yaml")
    job, _ = client.submit(canonical_json(spec), key=f"bench-{number}")
    for event in events(client, job.id):
        if event.kind == "settled":
            break
    (record,) = client.results(job.id, limit=1).records
    data = httpx.get(record.link, trust_env=False).raise_for_status().content
    assert io.BytesIO(data).read(4) == b"\x89PNG"
    return time.perf_counter() - began
