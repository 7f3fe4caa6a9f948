"""What deploy/ holds is well formed, in the eyes of the tools that its readers will use."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.deploy.described import COMPOSES, DEPLOY, DOCKERFILES, MANIFESTS

BIN = Path(sys.executable).parent


def ran(*argv: str | Path, cwd: Path = DEPLOY) -> str:
    """What the command says; its exit code must be 0."""
    said = subprocess.run(argv, cwd=cwd, capture_output=True, text=True, check=False, timeout=120)
    assert said.returncode == 0, said.stdout + said.stderr
    return said.stdout + said.stderr


def test_compose_files_follow_the_specification() -> None:
    ran(BIN / "check-jsonschema", "--builtin-schema", "vendor.compose-spec", *COMPOSES)


def test_dockerfiles_follow_hadolint() -> None:
    ran(BIN / "hadolint", *DOCKERFILES)


def test_kubernetes_takes_every_manifest() -> None:
    assert "WARN" not in ran(BIN / "kubernetes-validate", "--strict", *MANIFESTS)


@pytest.mark.system("promtool")
def test_prometheus_takes_its_configuration_and_its_rules() -> None:
    ran("promtool", "check", "config", "--syntax-only", "prometheus.yaml", cwd=DEPLOY / "prometheus")
    ran("promtool", "check", "rules", "rules.yaml", cwd=DEPLOY / "prometheus")


@pytest.mark.system("promtool")
def test_each_alert_rings_when_it_should_and_not_before() -> None:
    ran("promtool", "test", "rules", "rules.test.yaml", cwd=DEPLOY / "prometheus")


@pytest.mark.system("promtool")
def test_every_expression_of_the_dashboard_is_promql(tmp_path: Path) -> None:
    board = json.loads((DEPLOY / "grafana" / "dashboards" / "pentimento.json").read_text())
    asked = [one["expr"] for panel in board["panels"] for one in panel.get("targets", ())]
    rules = [{"record": f"panel:{number}", "expr": one} for number, one in enumerate(asked)]

    (tmp_path / "rules.yaml").write_text(json.dumps({"groups": [{"name": "board", "rules": rules}]}))

    assert len(asked) > 25
    ran("promtool", "check", "rules", "rules.yaml", cwd=tmp_path)


@pytest.mark.system("systemd-analyze")
def test_the_unit_is_one_that_systemd_takes(tmp_path: Path) -> None:
    unit = "pentimento-worker@.service"
    text = (DEPLOY / "systemd" / unit).read_text().replace("/srv/pentimento/.venv/bin/python", sys.executable)
    (tmp_path / unit).write_text(text)

    said = ran("systemd-analyze", "verify", tmp_path / unit)

    assert unit not in said
