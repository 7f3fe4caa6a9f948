"""What holds for every file of this house, checked, so that it need not be remembered."""

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from importlinter.cli import lint_imports
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from api.cli.exits import EXITS
from api.stability.status import GRPC
from api.web.problems import STATUS
from jobs import errors
from jobs.errors import PentimentoError

ROOT = Path(__file__).parent.parent
ROOMS = ("jobs", "api", "worker", "tests")
GENERATED = ROOT / "jobs" / "wire"
MAX_LINES = 300
FORBIDDEN_NAMES = {"utils", "util", "common", "helpers", "helper", "manager", "service", "handler", "core", "base"}

# Package -> the only rooms that may import it. The tests, which ask about everything, are free. worker.demo_model, that
# trains the shipped weights on pictures that it paints, is a program of its own: no worker imports it.
OWNERS = {
    "torch": ("worker.engine", "worker.demo_model"),
    "diffusers": ("worker.engine", "worker.demo_model"),
    "transformers": ("worker.engine", "worker.demo_model"),
    "accelerate": ("worker.engine",),
    "safetensors": ("worker.engine", "worker.demo_model"),
    "peft": ("worker.engine",),
    "isal": ("worker.output",),
    "PIL": ("worker.booth", "worker.intake", "worker.output", "worker.painter", "worker.demo_model"),
    "redis": ("jobs.ledger",),
    "limits": ("jobs.ledger",),
    "boto3": ("jobs.storage",),
    "botocore": ("jobs.storage",),
    "celery": ("jobs.broker", "worker.tasks", "worker.__main__"),
    "kombu": ("jobs.broker", "worker.tasks", "worker.__main__"),
    "prometheus_client": ("jobs.telemetry",),
    "standardwebhooks": ("worker.duties.webhooks",),
    "ruamel": ("jobs.manifest",),
    "pydantic_settings": ("jobs.settings",),
    "fastapi": ("api.web",),
    "fastapi_offline": ("api.web",),
    "starlette": ("api.web",),
    "uvicorn": ("api.web",),
    "typer": ("api.cli",),
    "rich": ("api.cli",),
    "grpc": ("api.stability", "worker.backends.remote"),
    "google": ("api.stability", "worker.backends.remote"),
}
ASYNC_ROOMS = ("api.web", "api.stability")
# jobs/settings.py reads the deployment's; the stack hands its own environment on to the processes that it starts.
ENVIRONMENT_READERS = ("jobs.settings", "api.stack.child", "api.stack.leash", "tests", "pentimento")


def _modules(*rooms: str) -> Iterator[tuple[str, Path]]:
    for room in rooms or ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            if GENERATED not in path.parents:
                yield ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"), path


def _lies_in(module: str, rooms: tuple[str, ...]) -> bool:
    return any(module == room or module.startswith(f"{room}.") for room in rooms)


def _imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def _run(*argv: str) -> None:
    ran = subprocess.run([sys.executable, "-m", *argv], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_no_room_reaches_what_it_must_not_even_through_another() -> None:
    code = lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True, no_logo=True)

    assert code == 0


def test_each_heavy_package_is_imported_by_its_owner_alone() -> None:
    strays = [
        f"{module} imports {name}"
        for module, path in _modules("jobs", "api", "worker")
        for name in _imported(ast.parse(path.read_text()))
        if not _lies_in(module, OWNERS.get(name.split(".")[0], (module,)))
    ]

    assert not strays


def test_only_settings_read_the_environment() -> None:
    reads = re.compile(r"\bos\.(environ|getenv)\b")

    strays = [
        module
        for module, path in _modules()
        if reads.search(path.read_text()) and not _lies_in(module, ENVIRONMENT_READERS)
    ]

    assert not strays


def test_async_functions_live_only_at_the_doors_that_need_them() -> None:
    strays = [
        module
        for module, path in _modules("jobs", "api", "worker")
        if not _lies_in(module, ASYNC_ROOMS)
        and any(isinstance(node, ast.AsyncFunctionDef) for node in ast.walk(ast.parse(path.read_text())))
    ]

    assert not strays


def test_no_file_outgrows_the_ceiling() -> None:
    files = [path for _, path in _modules()] + [ROOT / "pentimento"]

    long = [
        f"{path.relative_to(ROOT)} has {lines} lines"
        for path in files
        if (lines := len(path.read_text().splitlines())) > MAX_LINES
    ]

    assert not long


def test_no_file_is_named_for_what_it_is_not() -> None:
    vague = [module for module, _ in _modules() if FORBIDDEN_NAMES & set(module.split("."))]

    assert not vague


def test_the_code_is_linted() -> None:
    _run("ruff", "check", "--no-cache", ".")


def test_the_code_is_formatted() -> None:
    _run("ruff", "format", "--check", "--no-cache", ".")


@pytest.mark.timeout(300)
def test_the_types_agree() -> None:
    _run("mypy")


def test_every_requirement_is_locked_within_its_range() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    groups = [project["dependencies"], *project["optional-dependencies"].values()]
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    locked = dict(line.split("==") for line in lines if line and not line.startswith("#"))

    missing = [
        text
        for group in groups
        for text in group
        if not (wanted := Requirement(text)).specifier.contains(locked.get(canonicalize_name(wanted.name), "0"))
    ]

    assert not missing
    assert not [name for name, version in locked.items() if "+" in version or name != canonicalize_name(name)]


@pytest.mark.parametrize("table", [STATUS, EXITS, GRPC], ids=["HTTP", "exit codes", "gRPC"])
def test_every_error_is_mapped_at_every_door(table: Mapping[type[PentimentoError], object]) -> None:
    tree = {kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, PentimentoError)}

    assert tree <= set(table)
