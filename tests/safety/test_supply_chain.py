"""Nothing here reads a format that can run code, and no dependency is asked to."""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from jobs.broker import open_app
from jobs.settings import Settings

ROOT = Path(__file__).parents[2]
# Modules whose reading runs what is read, or that write such files.
PICKLES = {"pickle", "cPickle", "_pickle", "dill", "cloudpickle", "joblib", "shelve", "marshal", "jsonpickle", "pandas"}
# Calls by their last names: `torch.load` and its kin, whatever the module is called here.
CALLS = {
    ("torch", "load"),
    ("torch", "save"),
    ("torch", "hub"),
    ("yaml", "load"),
    ("yaml", "unsafe_load"),
    ("builtins", "eval"),
    ("builtins", "exec"),
}
# Switches that must stay as they are, by name and the only value that is allowed.
SWITCHES = {"trust_remote_code": False, "use_safetensors": True, "safe_serialization": True, "allow_pickle": False,
            "weights_only": True, "shell": False}  # fmt: skip


def _trees() -> Iterator[tuple[Path, ast.AST]]:
    for room in ("api", "jobs", "worker"):
        for path in sorted((ROOT / room).rglob("*.py")):
            if ROOT / "jobs" / "wire" not in path.parents:
                yield path.relative_to(ROOT), ast.parse(path.read_text(encoding="utf-8"))
    yield Path("pentimento"), ast.parse((ROOT / "pentimento").read_text(encoding="utf-8"))


def faults(tree: ast.AST) -> Iterator[str]:
    """What in a module reads code as if it were data."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names if name.name.split(".")[0] in PICKLES)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in PICKLES:
            yield str(node.module)
        elif isinstance(node, ast.Call):
            yield from _called(node)


def _called(call: ast.Call) -> Iterator[str]:
    name = ast.unparse(call.func)
    owner, _, last = name.rpartition(".")
    if call.args and all(isinstance(argument, ast.Constant) for argument in call.args) and last == "exec":
        return  # of a text that stands there
    if (owner.rpartition(".")[2] or "builtins", last) in CALLS:
        yield name
    for word in call.keywords:
        known = isinstance(word.value, ast.Constant) and word.value.value is SWITCHES.get(word.arg or "")
        if word.arg == "custom_pipeline" or (word.arg in SWITCHES and not known):
            yield f"{word.arg}={ast.unparse(word.value)}"


def test_no_module_reads_pickles_or_runs_what_it_reads() -> None:
    found = [(path.as_posix(), fault) for path, tree in _trees() for fault in faults(tree)]

    assert not found


@pytest.mark.parametrize(
    "text",
    [
        "import pickle",
        "from cloudpickle import loads",
        "torch.load(path)",
        "torch.load(path, weights_only=True)",
        "np.load(path, allow_pickle=True)",
        "Pipeline.from_pretrained(x, use_safetensors=None)",
        "Pipeline.from_pretrained(x, trust_remote_code=flag)",
        "Pipeline.from_pretrained(x, custom_pipeline='y')",
        "eval(text)",
        "subprocess.run(text, shell=True)",
    ],
)
def test_the_look_above_would_see_one(text: str) -> None:
    assert list(faults(ast.parse(text)))


def test_the_broker_speaks_json_and_nothing_else() -> None:
    conf = open_app(Settings()).conf

    assert set(conf.accept_content) == {"json"}
    assert conf.task_serializer == "json"


def test_every_package_is_pinned_and_torch_is_new_enough_to_be_trusted_with_weights() -> None:
    lock = dict(
        line.split("==") for line in (ROOT / "requirements.lock").read_text().splitlines() if line and line[0] != "#"
    )
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

    assert tuple(int(part) for part in lock["torch"].split(".")[:2]) >= (2, 10)
    assert all(re.fullmatch(r"[0-9][0-9A-Za-z.]*", version) for version in lock.values())
    assert not [text for text in project["dependencies"] if "@" in text or "git+" in text]


def test_the_repository_holds_no_pickled_weights() -> None:
    suffixes = {".bin", ".ckpt", ".pt", ".pth", ".pkl", ".pickle", ".joblib", ".npy", ".h5"}
    rooms = ("api", "jobs", "worker", "tests", "deploy", "proto")

    assert not [path for room in rooms for path in (ROOT / room).rglob("*") if path.suffix in suffixes]
