"""Commands, ports, variables, paths and names in deploy/ are those of the code."""

import importlib.util
import inspect
import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from api.desk import Desk
from api.web.app import create_app
from api.web.shapes import Demand
from jobs.models import ModelTable
from jobs.settings import Settings
from jobs.telemetry.metrics import BOTH, DOORS, HANDS, LEDGER
from tests.deploy.described import (
    COMPOSES,
    DEPLOY,
    DOCKERFILES,
    ROOT,
    SCALERS,
    document,
    drawn_secrets,
    image_environment,
    resources,
)
from worker.health.page import WorkerPage

FILES = [path for path in DEPLOY.rglob("*") if path.suffix in {".yaml", ".api", ".worker", ".service", ".md", ".sh"}]
PODS = {**resources("Deployment"), **resources("StatefulSet")}
API_PORT, PROBE_PORT = "7801", "7802"


def words(path: Path, pattern: str) -> set[str]:
    return set(re.findall(pattern, path.read_text()))


def routes() -> dict[str, set[str]]:
    """The API's paths, with their query parameters."""
    paths = create_app(Desk.open(Settings())).openapi()["paths"]
    return {
        path: {one["name"] for one in way.get("get", {}).get("parameters", ()) if one["in"] == "query"}
        for path, way in paths.items()
    }


def test_every_variable_is_a_setting() -> None:
    fields = {f"PENTIMENTO_{name.upper()}" for name in Settings.model_fields} | {"PENTIMENTO_TORCH_INDEX"}

    strays = {(path.name, name) for path in FILES for name in words(path, r"PENTIMENTO_[A-Z0-9_]+") - fields}

    assert not strays


@pytest.mark.parametrize(
    "path", [*COMPOSES, *DOCKERFILES, *(DEPLOY / "kubernetes").glob("*.yaml")], ids=lambda p: p.name
)
def test_every_command_is_a_module_that_can_be_run(path: Path) -> None:
    commands = re.findall(r'"?python"?, "?-P"?, "?-m"?, "?([\w.]+)"?', path.read_text())

    for module in commands:
        assert importlib.util.find_spec(f"{module}.__main__"), module


def test_ports_and_probes_are_those_of_the_code() -> None:
    known = set(routes()) | set(re.findall(r'"(/\w+)": lambda', inspect.getsource(WorkerPage)))
    assert {"/livez", "/readyz", "/metrics"} <= known

    for path in FILES:
        for url in words(path, r"127\.0\.0\.1:780\d/\w+(?=')"):
            port, asked = url[10:14], url[14:]
            assert port in {API_PORT, PROBE_PORT}
            assert asked in known
    for pod in PODS.values():
        (container,) = pod["spec"]["template"]["spec"]["containers"]
        ports = {one["name"]: one["containerPort"] for one in container["ports"]}
        for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
            if "httpGet" in container.get(probe, {}):
                assert container[probe]["httpGet"]["path"] in known
                assert container[probe]["httpGet"]["port"] in ports
    assert (
        str(Settings.model_fields["port"].default) == image_environment("Dockerfile.api")["PENTIMENTO_PORT"] == API_PORT
    )
    assert image_environment("Dockerfile.worker")["PENTIMENTO_PROBE_PORT"] == PROBE_PORT


def test_whoever_is_stopped_has_more_time_than_a_chunk_takes() -> None:
    needed = Settings.model_fields["chunk_seconds"].default + Settings.model_fields["lease_seconds"].default
    workers = [pod for name, pod in PODS.items() if name.startswith("worker")]
    unit = (DEPLOY / "systemd" / "pentimento-worker@.service").read_text()

    graces = [pod["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] for pod in workers]
    graces += [int(found) for found in re.findall(r"TimeoutStopSec=(\d+)", unit)]
    for path in COMPOSES:
        said = [one["stop_grace_period"] for name, one in document(path)["services"].items() if "worker" in name]
        assert all(re.fullmatch(r"\d+m", one) for one in said)
        graces += [60 * int(one[:-1]) for one in said]

    assert len(graces) >= 6
    assert min(graces) > needed


def test_no_file_holds_a_secret_and_each_secret_that_is_asked_for_is_drawn() -> None:
    drawn = set(drawn_secrets())
    asked = {name for path in [DEPLOY / "compose.yaml"] for name in words(path, r"\$\{(\w+):\?")}
    asked |= {name for path in FILES for name in words(path, r"secretKeyRef: \{name: pentimento, key: (\w+)\}")}
    asked |= {name for path in SCALERS for name in words(path, r"name: pentimento, key: (\w+)")}

    assert asked <= drawn
    assert len(set(drawn_secrets().values()) & set(drawn_secrets().values())) == 0
    Settings.model_validate({"webhook_secret": drawn_secrets()["WEBHOOK_SECRET"]})  # else it raises


def test_the_kustomization_names_every_manifest_and_every_image() -> None:
    for folder in (DEPLOY / "kubernetes", DEPLOY / "kubernetes" / "keda"):
        chosen = document(folder / "kustomization.yaml")
        assert sorted(chosen["resources"]) == sorted(
            path.name for path in folder.glob("*.yaml") if path.name != "kustomization.yaml"
        )
    renamed = {one["name"] for one in document(DEPLOY / "kubernetes" / "kustomization.yaml")["images"]}
    images = {pod["spec"]["template"]["spec"]["containers"][0]["image"] for pod in PODS.values()}
    assert renamed == {image for image in images if image.startswith("pentimento")}


def test_each_scaler_asks_the_api_for_what_its_deployment_offers() -> None:
    known, secrets = routes(), resources("TriggerAuthentication")

    scalers = resources("ScaledObject")
    for scaler in scalers.values():
        target = PODS[scaler["spec"]["scaleTargetRef"]["name"]]
        (container,) = target["spec"]["template"]["spec"]["containers"]
        offers = next(one["value"] for one in container["env"] if one["name"] == "PENTIMENTO_OFFERS")
        (trigger,) = scaler["spec"]["triggers"]
        url = urlsplit(trigger["metadata"]["url"])
        assert url.hostname == "api.pentimento.svc"
        assert str(url.port) == API_PORT
        assert set(parse_qs(url.query)) <= known[url.path]
        assert parse_qs(url.query)["models"] == [offers]
        assert set(offers.split(",")) <= set(ModelTable.load(None).models)
        assert trigger["metadata"]["valueLocation"] in Demand.model_fields
        assert trigger["authenticationRef"]["name"] in secrets
        assert scaler["spec"]["minReplicaCount"] == 0
    assert set(scalers) == {name for name in PODS if name.startswith("worker")}


def test_services_have_no_name_that_would_set_one_of_our_variables() -> None:
    assert not [name for name in resources("Service") if name.upper().replace("-", "_").startswith("PENTIMENTO")]


def metric_names() -> Iterator[str]:
    for family in (one for registry in (HANDS, DOORS, BOTH, LEDGER) for one in registry.collect()):
        ends = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count")}.get(family.type, ("",))
        yield from (family.name + end for end in ends)


def test_rules_and_dashboard_ask_for_metrics_that_exist() -> None:
    known = set(metric_names())
    texts = [DEPLOY / "prometheus" / name for name in ("rules.yaml", "rules.test.yaml")]
    texts.append(DEPLOY / "grafana" / "dashboards" / "pentimento.json")

    asked = {name for path in texts for name in words(path, r"pentimento_[a-z_]+")}

    assert asked - known == set()
    assert len(asked) > 30


def test_every_alert_is_seen_to_ring_and_has_a_runbook() -> None:
    rules = document(DEPLOY / "prometheus" / "rules.yaml")["groups"][0]["rules"]
    alerts = {rule["alert"]: rule for rule in rules if "alert" in rule}
    entries = re.findall(r"(?ms)^### (Pentimento\w+)\n\n(.*?)(?=^#|\Z)", (DEPLOY / "README.md").read_text())
    tests = document(DEPLOY / "prometheus" / "rules.test.yaml")["tests"]
    rung = {one["alertname"] for test in tests for one in test.get("alert_rule_test", ()) if one["exp_alerts"]}

    assert set(alerts) == rung
    assert set(alerts) == {name for name, _ in entries}
    assert all(len(text) > 100 for _, text in entries)
    for name, rule in alerts.items():
        assert rule["annotations"]["runbook"] == f"deploy/README.md#{name.lower()}"


def test_images_are_made_of_what_the_wheel_is_made_of() -> None:
    packages = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"][
        "packages"
    ]

    for path in DOCKERFILES:
        copied = words(path, r"(?m)^COPY (\w+) \1$")
        assert copied == set(packages)
        assert "USER 10001" in path.read_text()
    ignored = (ROOT / ".dockerignore").read_text().split()
    assert {f"!{one}" for one in packages} <= set(ignored)


def test_the_dashboard_can_be_provisioned() -> None:
    board = json.loads((DEPLOY / "grafana" / "dashboards" / "pentimento.json").read_text())

    ids = [panel["id"] for panel in board["panels"]]
    assert len(ids) == len(set(ids))
    assert board["uid"]
    assert all(panel["title"] for panel in board["panels"])
