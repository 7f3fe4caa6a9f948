"""Every route of the API, called by its OpenAPI document with whatever schemathesis can think of."""

import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx

from api.cli.bench import Figure
from api.stack import Stack

NAME = "schema"
SUMMARY = "schemathesis calls every route with good and bad data: no answer of 500 or above, no hang, no growth."
ADMIN_KEY = "of-a-drill-" + "0" * 32
GROWTH_MIB = 64
"""A leak of one body or stream a call comes to far more than this; what allocators keep comes to less."""
_CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"


def run(progress: Callable[[str], None], *, short: bool) -> list[Figure]:
    """Ten minutes of calls, with a worker; short: 30 s, without."""
    seconds = 30 if short else 600
    environment = {"PENTIMENTO_ADMIN_KEY": ADMIN_KEY, "PENTIMENTO_BACKEND": "paced"}
    with (
        tempfile.TemporaryDirectory(prefix="pentimento-drill-") as name,
        Stack(Path(name), workers=0 if short else 1, extra_env=environment) as stack,
    ):
        _call(stack.api_url, 3, seed=0, job="")  # imports and pools, before memory is looked at
        before = _resident_mib(stack.processes["api"])
        began = time.monotonic()
        seed = 1 if short else int(began)
        # One with ids of nobody, one with an id that is there and comes to every state that calls can bring about.
        with ThreadPoolExecutor(2) as side_by_side:
            ends = list(
                side_by_side.map(
                    lambda job: _call(stack.api_url, seconds, seed=seed, job=job), ("", _job(stack.api_url))
                )
            )
        after = _resident_mib(stack.processes["api"])
        alive = httpx.get(f"{stack.api_url}/livez", timeout=5, trust_env=False).text
    code, said = max(code for code, _ in ends), "\n".join(said for _, said in ends)
    if code:
        progress(said)
    cases = sum(map(int, re.findall(r"(\d+) generated", said)))
    return [
        Figure("cases", cases, "", "more than 0", cases > 0),
        Figure("faults that schemathesis found", int(bool(code)), "", "0", code == 0),
        Figure("alive afterwards", int(alive == "ok"), "", "1", alive == "ok"),
        Figure("growth of the API", after - before, "MiB", f"≤ {GROWTH_MIB}", after - before <= GROWTH_MIB),
        Figure("duration", time.monotonic() - began, "s"),
    ]


def _job(url: str) -> str:
    """A job of the caller, whose image is nowhere."""
    spec = {"images": ["https://nowhere.invalid/a.png"], "model": "tiny", "prompt": "a {red|blue} boat", "samples": 2}
    headers = {"Authorization": f"Bearer {ADMIN_KEY}"}
    made = httpx.post(f"{url}/v1/jobs", json=spec, headers=headers, timeout=20, trust_env=False)
    return str(made.raise_for_status().json()["id"])


def _call(url: str, seconds: int, *, seed: int, job: str) -> tuple[int, str]:
    # One worker: with two threads in ast.parse, Python before 3.11.8 raises SystemError (its issue 106905), and so
    # ended a run in which nothing was wrong with the API.
    command: tuple[str, ...] = (
        str(Path(sys.executable).with_name("schemathesis")),
        "run", f"{url}/openapi.json", "--header", f"Authorization: Bearer {ADMIN_KEY}", "--checks", _CHECKS,
        "--phases", "coverage,fuzzing", "--max-time", str(seconds), "--workers", "1",
        "--seed", str(seed), "--request-timeout", "20",
        "--suppress-health-check", "all", "--continue-on-failure", "--no-color", "--warnings", "off",
    )  # fmt: skip
    with tempfile.TemporaryDirectory(prefix="pentimento-schema-") as here:  # it keeps examples where it stands
        if job:
            (Path(here) / "schemathesis.toml").write_text(f'[parameters]\n"path.job" = "{job}"\n')
            command += ("--exclude-path", "/v1/jobs/{job}/events")  # whose answer has no end while the job has none
        ran = subprocess.run(command, cwd=here, capture_output=True, text=True, check=False, timeout=seconds + 240)
    return ran.returncode, ran.stdout + ran.stderr


def _resident_mib(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.findall(r"VmRSS:\s+(\d+) kB", status)[0]) / 1024
