"""Steps 4 and 5 of deploy/README.md, run as they are written, with stand-ins for what no test may do to a machine.

Commands that change a system (`useradd`, `systemctl`, `pip`) or ask a cluster (`kubectl`, `docker push`) write down
what they were asked; everything else really runs, below a folder of its own.
"""

import os
import re
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from jobs.settings import Settings
from tests.deploy.described import DEPLOY, DOCKERFILES, ROOT, document, drawn_secrets, resources
from tests.deploy.walk import section

SYSTEM = ("/etc", "/srv", "/var/lib")
WRITES_DOWN = """#!/bin/sh
echo "${0##*/} $* ${PENTIMENTO_API_KEY:-}" | sed 's/ $//' >> "$ASKED"
case "$*" in
  *--from-env-file=*) cat > "$ASKED.env" ;;
  *jsonpath*) grep ^ADMIN_KEY= "$ASKED.env" | cut -d= -f2 | tr -d '\\n' | base64 ;;
esac
"""
MAKES_VENV = """#!/bin/sh
[ "$1 $2" = "-m venv" ] && mkdir -p "$3/bin" && cp "$(command -v useradd)" "$3/bin/pip"
"""


class Desk:
    """A checkout, a root folder in place of the system's, and what was asked of the stand-ins."""

    def __init__(self, folder: Path) -> None:
        self.root, self.checkout, self._asked = folder / "root", folder / "checkout", folder / "asked"
        tools = folder / "tools"
        tools.mkdir()
        for name in ("useradd", "systemctl", "kubectl", "docker", "pentimento"):
            (tools / name).write_text(WRITES_DOWN)
        (tools / "python3").write_text(MAKES_VENV)
        for tool in tools.iterdir():
            tool.chmod(0o755)
        for name in ("etc/systemd/system", "srv", "var/lib"):
            (self.root / name).mkdir(parents=True)
        shutil.copytree(DEPLOY, self.checkout / "deploy")
        for name in ("pyproject.toml", "requirements.lock"):
            shutil.copy(ROOT / name, self.checkout)
        shutil.copy(tools / "pentimento", self.checkout)
        self._env = {"PATH": f"{tools}:{os.environ['PATH']}", "HOME": str(folder), "ASKED": str(self._asked)}

    def paste(self, *blocks: str, **variables: str) -> list[str]:
        """Run the blocks in one shell; what the stand-ins were asked, a line each, with the key they were shown."""
        text = "\n".join(blocks)
        for path in SYSTEM:
            text = re.sub(rf"(?<![\w.]){path}(?=/)", f"{self.root}{path}", text)
        ran = subprocess.run(
            ["bash", "-eu", "-o", "pipefail"], input=f"{text}\nwait\n", cwd=self.checkout, env=self._env | variables,
            capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return self._asked.read_text().splitlines()

    def drawn(self) -> dict[str, str]:
        """The secret that was made."""
        lines = self._asked.with_suffix(".env").read_text().splitlines()
        return dict(line.split("=", 1) for line in lines)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_bare_metal_gets_a_unit_a_checkout_and_variables_that_a_worker_takes(desk: Desk) -> None:
    drawn = drawn_secrets()
    told = {"REDIS_URL": f"redis://:{drawn['REDIS_PASSWORD']}@10.0.0.1:6379/0", "S3_ENDPOINT": "http://10.0.0.1:9000"}
    told |= {name: drawn[name] for name in ("S3_ACCESS_KEY", "S3_SECRET_KEY", "WEBHOOK_SECRET")}
    (desk.checkout / "worker.env").write_text("".join(f"{name}={value}\n" for name, value in told.items()))

    asked = desk.paste(*section(4))

    installed = desk.root / "etc/pentimento/worker.env"
    lines = (line.split("=", 1) for line in installed.read_text().splitlines())
    fields = {name.removeprefix("PENTIMENTO_").lower(): value for name, value in lines}
    settings = Settings.model_validate(fields)
    assert settings.redis_url.get_secret_value() == told["REDIS_URL"]
    assert fields.keys() <= Settings.model_fields.keys()
    assert stat.S_IMODE(installed.parent.stat().st_mode) == 0o700
    unit = (desk.root / "etc/systemd/system/pentimento-worker@.service").read_text()
    assert f"User={asked[0].split()[-1]}\n" in unit
    for path in re.findall(r"/(?:srv|etc)/pentimento[\w./]*", unit):
        there = desk.root / path[1:]
        assert there.exists() or there.name == "python", path
    assert asked[-1] == "systemctl enable --now pentimento-worker@0 pentimento-worker@1"
    assert [line for line in asked if line.startswith("pip ")] == ["pip install -c requirements.lock -e .[gpu]"]


def test_a_cluster_is_asked_for_what_the_manifests_describe(desk: Desk) -> None:
    asked = desk.paste(*section(5), S3_ACCESS_KEY="their-access", S3_SECRET_KEY="their/secret+1")

    drawn, text = desk.drawn(), "\n".join(asked)
    images = document(DEPLOY / "kubernetes" / "kustomization.yaml")["images"]
    tags = {f"{one['newName']}:{one['newTag']}" for one in images}
    assert set(re.findall(r"docker build -f deploy/(\S+)", text)) == {path.name for path in DOCKERFILES}
    assert set(re.findall(r"-t (\S+)", text)) == set(re.findall(r"docker push (\S+)", text)) == tags
    manifests = "".join(path.read_text() for path in (DEPLOY / "kubernetes").rglob("*.yaml"))
    assert set(re.findall(r"name: pentimento, key: (\w+)", manifests)) <= drawn.keys()
    assert (drawn["S3_ACCESS_KEY"], drawn["S3_SECRET_KEY"]) == ("their-access", "their/secret+1")
    for folder in re.findall(r"kubectl apply -k (\S+)", text):
        assert (ROOT / folder / "kustomization.yaml").exists()
    assert set(re.findall(r"deployment/(\w+)", text)) <= resources("Deployment").keys()
    assert set(re.findall(r"service/(\w+)", text)) <= resources("Service").keys()
    assert set(re.findall(r"(?:-n|namespace) (\w+)", text)) == {"pentimento"}
    assert f"pentimento workers {drawn['ADMIN_KEY']}" in asked
