"""What some tests need and pip cannot install: which of it is missing, and apt for those who want it installed.

`./pentimento test` runs this before pytest. A test says what it needs with `@pytest.mark.system("<command>")`.
"""

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

TABLE = Path(__file__).with_suffix(".toml")


def missing_tools(table: Path = TABLE) -> dict[str, str]:
    """Commands of the table that are not on the PATH, and the Debian package of each."""
    tools = tomllib.loads(table.read_text())
    return {command: tool["apt"] for command, tool in tools.items() if not shutil.which(command)}


def in_ci() -> bool:
    """Whether nothing may be skipped for want of a tool."""
    return os.environ.get("CI") == "true"


def main(args: list[str], table: Path = TABLE) -> int:
    """0 where the tests may begin, 1 where CI lacks a tool that could not be installed."""
    missing = missing_tools(table)
    if missing and (in_ci() or "--install-system" in args):
        sudo = ["sudo"] if os.geteuid() and shutil.which("sudo") else []
        packages = sorted(set(missing.values()))
        # A fresh machine has no list of packages, or an old one that names versions which are gone.
        subprocess.call([*sudo, "apt-get", "update", "-q"])
        subprocess.call([*sudo, "apt-get", "install", "-y", "--no-install-recommends", *packages])
        missing = missing_tools(table)
    if not missing:
        return 0
    names = ", ".join(sorted(missing))
    if in_ci():
        print(f"CI=true, and these tools are missing: {names}. Nothing may be skipped.", file=sys.stderr)
        return 1
    print(f"Tests that need {names} are skipped; --install-system installs them with apt.", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
