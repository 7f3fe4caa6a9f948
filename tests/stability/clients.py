"""Real clients in environments of their own, made once and kept below .pentimento: stability-sdk, and two for gRPC-Web.

They come from package registries. Where none can be reached, tests that need them are skipped, in CI they fail.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path
from typing import Any

import pytest

from tests.system_tools import in_ci

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
KEPT = ROOT / ".pentimento" / "test-clients"
SDK = "stability-sdk==0.8.6"
BESIDE = ("grpcio==1.85.1", "protobuf==7.36.2", "pillow==13.0.0", "param==2.4.2", "python-dotenv==1.2.4")
INSTALL_SECONDS = 300


def sdk_python() -> Path:
    """The interpreter of an environment that holds the SDK. Its own pins are older than what it runs with."""
    folder = KEPT / f"sdk-{_digest(SDK, *BESIDE, sys.version)}"
    python = folder / "bin" / "python"
    if not (folder / "whole").exists():
        venv.create(folder, with_pip=True, clear=True)
        for what in (list(BESIDE), ["--no-deps", SDK]):
            _install([python, "-m", "pip", "install", "-q", "--disable-pip-version-check", *what], SDK)
        (folder / "whole").touch()
    return python


def node_modules() -> Path:
    """Installed packages of tests/stability/node."""
    files = [HERE / "node" / name for name in ("package.json", "package-lock.json")]
    folder = KEPT / f"node-{_digest(*(file.read_text() for file in files))}"
    if not (folder / "whole").exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for file in files:
            shutil.copy(file, folder)
        _install(["npm", "ci", "--no-audit", "--no-fund", "--prefix", folder], "the gRPC-Web clients")
        (folder / "whole").touch()
    return folder / "node_modules"


def run_sdk(*argv: object, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the SDK's interpreter."""
    return _run([sdk_python(), *argv], cwd, environment)


def sdk_scenes(host: str, init: Path, *scenes: str, **environment: str) -> dict[str, Any]:
    """What came of each scene of sdk_client.py."""
    ran = run_sdk(HERE / "sdk_client.py", host, init, *scenes, cwd=init.parent, **environment)
    assert ran.returncode == 0, ran.stderr
    found: dict[str, Any] = json.loads(ran.stdout.splitlines()[-1])
    return found


def run_node(mode: str, url: str, init: Path, out: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Send the TypeScript example's request with one of the clients."""
    argv = ["node", HERE / "node" / "client.js", mode, url, ROOT / "proto", init, out]
    return _run(argv, out, {"NODE_PATH": str(node_modules()), **environment})


def _run(argv: list[Any], cwd: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    env = {key: value for key, value in os.environ.items() if not key.startswith(("STABILITY_", "PENTIMENTO_"))}
    return subprocess.run(
        argv, cwd=cwd, env=env | environment, capture_output=True, text=True, check=False, timeout=100
    )


def _install(argv: list[Any], what: str) -> None:
    ran = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=INSTALL_SECONDS)
    if ran.returncode:
        said = f"{what} can't be installed (is there a network?): {ran.stderr[-500:]}"
        if in_ci():
            pytest.fail(said)
        pytest.skip(said)


def _digest(*texts: str) -> str:
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:12]
