"""Every route of the API, called by its OpenAPI document with whatever schemathesis can think of."""

import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import httpx

from api.cli.bench import Figure
from api.stack import Stack

NAME = "schema"
SUMMARY = "schemathesis calls every route with good and bad data: no answer of 500 or above, no hang, no growth."
ADMIN_KEY = "of-a-drill-" + "0" * 32
GROWTH_MIB = 64
"""A leak of one body or stream a call comes to far more than this; what allocators keep comes to less."""
_CHECKS = "not_a_server_error,content_type_conformance,response_schema_conformance"


def run(progress: Callable[[str], None], *, short: bool) -> list[Figure]:
    """300 s of calls; short: 12 s."""
    seconds = 12 if short else 300
    with tempfile.TemporaryDirectory(prefix="pentimento-drill-") as name:
        # Nobody works: what is asked for stays as it was left, and later calls find it.
        environment = {"PENTIMENTO_ADMIN_KEY": ADMIN_KEY, "PENTIMENTO_FETCH_PRIVATE": "false"}
        with Stack(Path(name), workers=0, extra_env=environment) as stack:
            _call(stack.api_url, 3, seed=0)  # imports and pools, before memory is looked at
            before = _resident_mib(stack.processes["api"])
            began = time.monotonic()
            code, said = _call(stack.api_url, seconds, seed=1 if short else int(began))
            after = _resident_mib(stack.processes["api"])
            alive = httpx.get(f"{stack.api_url}/livez", timeout=5, trust_env=False).text
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


def _call(url: str, seconds: int, *, seed: int) -> tuple[int, str]:
    command = (
        str(Path(sys.executable).with_name("schemathesis")),
        "run", f"{url}/openapi.json", "--header", f"Authorization: Bearer {ADMIN_KEY}", "--checks", _CHECKS,
        "--phases", "coverage,fuzzing", "--max-time", str(seconds), "--workers", "2", "--seed", str(seed), "--request-timeout", "20",
        "--suppress-health-check", "all", "--continue-on-failure", "--no-color", "--warnings", "off",
    )  # fmt: skip
    with tempfile.TemporaryDirectory(prefix="pentimento-schema-") as here:  # it keeps examples where it stands
        ran = subprocess.run(command, cwd=here, capture_output=True, text=True, check=False, timeout=seconds + 240)
    return ran.returncode, ran.stdout + ran.stderr


def _resident_mib(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.findall(r"VmRSS:\s+(\d+) kB", status)[0]) / 1024
