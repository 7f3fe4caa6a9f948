"""Reads what deploy/ says, so that tests can hold it against the code, and do what it describes without containers."""

import re
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
COMPOSES = sorted(DEPLOY.glob("compose*.yaml"))
DOCKERFILES = sorted(DEPLOY.glob("Dockerfile.*"))
MANIFESTS = sorted(path for path in (DEPLOY / "kubernetes").glob("*.yaml") if path.name != "kustomization.yaml")
SCALERS = sorted(path for path in (DEPLOY / "kubernetes" / "keda").glob("*.yaml") if path.name != "kustomization.yaml")
_VARIABLE = re.compile(r"\$\{(\w+)(?::([-?])([^}]*))?\}")


def documents(path: Path) -> Iterator[dict[str, Any]]:
    """Each document of a YAML file."""
    yield from YAML(typ="safe").load_all(path.read_text())


def document(path: Path) -> dict[str, Any]:
    """The one document of a YAML file."""
    (found,) = documents(path)
    return found


def resources(kind: str) -> dict[str, dict[str, Any]]:
    """The Kubernetes resources of a kind, by name."""
    found = (one for path in (*MANIFESTS, *SCALERS) for one in documents(path))
    return {one["metadata"]["name"]: one for one in found if one["kind"] == kind}


def drawn_secrets() -> dict[str, str]:
    """What deploy/secrets.sh writes, once."""
    said = subprocess.run(["sh", DEPLOY / "secrets.sh"], capture_output=True, text=True, check=True, timeout=30).stdout
    return dict(line.split("=", 1) for line in said.splitlines())


def image_environment(dockerfile: str) -> dict[str, str]:
    """The variables that an image sets."""
    (text,) = re.findall(r"(?m)^ENV ((?:.*\\\n)*.*)$", (DEPLOY / dockerfile).read_text())
    return dict(word.split("=", 1) for word in text.replace("\\\n", " ").split())


@dataclass(frozen=True, slots=True)
class Service:
    """A service of a compose file, with its variables filled in. ports: "[address:]published:inside"."""

    name: str
    command: list[str]
    environment: Mapping[str, str]
    health: list[str]
    needs: tuple[str, ...]
    ports: tuple[str, ...] = ()
    profiles: tuple[str, ...] = ()


def services(path: Path, variables: Mapping[str, str], *overrides: Path) -> dict[str, Service]:
    """What compose would start. Of what overrides say the ports are added, and they may say nothing else."""

    def filled(value: Any) -> Any:
        if isinstance(value, str):
            return _VARIABLE.sub(lambda found: _value(found, variables), value)
        if isinstance(value, list):
            return [filled(one) for one in value]
        return {key: filled(one) for key, one in value.items()} if isinstance(value, dict) else value

    found = filled(document(path))["services"]
    for override in overrides:
        for name, more in filled(document(override))["services"].items():
            assert more.keys() <= {"ports"}, f"{override.name} says more than ports of {name}"
            found[name] = {**found[name], "ports": [*found[name].get("ports", ()), *more["ports"]]}
    return {
        name: Service(
            name,
            [str(word) for word in one.get("command", [])],
            {key: str(value) for key, value in one.get("environment", {}).items()},
            [str(word) for word in one.get("healthcheck", {}).get("test", [])],
            tuple(one.get("depends_on", ())),
            tuple(one.get("ports", ())),
            tuple(one.get("profiles", ())),
        )
        for name, one in found.items()
    }


def chosen(described: Mapping[str, Service], names: Iterable[str], profiles: Iterable[str]) -> list[Service]:
    """Those that are named (all without a profile where none is, and those of the profiles), each after its needs."""
    active = set(profiles)
    wanted = list(names) or [one.name for one in described.values() if not one.profiles or active & set(one.profiles)]
    order: dict[str, Service] = {}

    def add(name: str) -> None:
        for need in described[name].needs:
            add(need)
        order.setdefault(name, described[name])

    for name in wanted:
        add(name)
    return list(order.values())


def _value(found: re.Match[str], variables: Mapping[str, str]) -> str:
    name, kind, rest = found.groups()
    if variables.get(name):
        return variables[name]
    assert kind == "-", f"{name} has no value: {rest}"
    return str(rest)
