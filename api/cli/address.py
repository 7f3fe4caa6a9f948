"""Where the API is: what was said, else the environment, else a farm that runs beside, else the default."""

import json
import os
from pathlib import Path

from jobs.errors import CallersFault

DATA_DIR = Path(".pentimento")


def api_url(said: str) -> str:
    """The API's URL without a trailing slash. `said` is `--api`, empty where it was not given.

    Raises:
        CallersFault: what was said is no URL.

    """
    if said:
        if not said.startswith(("http://", "https://")):
            raise CallersFault(f"--api {said!r} is no URL", remedy="It begins with http:// or https://.")
        return said.rstrip("/")
    from jobs.settings import settings

    here = settings()
    if "api_url" in here.model_fields_set:
        return here.api_url.rstrip("/")
    return (running_stack(DATA_DIR) or here.api_url).rstrip("/")


def running_stack(data_dir: Path) -> str:
    """The URL that the farm in `data_dir` noted when it started; empty where none runs."""
    try:
        noted = json.loads((data_dir / "stack.json").read_text("utf-8"))
        url, pid = str(noted["api_url"]), int(noted["pid"])
        os.kill(pid, 0)
    except (OSError, ValueError, KeyError, TypeError):
        return ""
    return url
