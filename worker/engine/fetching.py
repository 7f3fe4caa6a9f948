"""A model that comes in from the hub takes minutes in which no step is made: its bytes are the progress meanwhile.

Without that a slow first download would look like a device that hangs: leases would run out, variants be suspected.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from huggingface_hub import constants
from huggingface_hub.file_download import repo_folder_name

from jobs.models import Model
from worker.heart import Heart

_log = logging.getLogger(__name__)

LOOK_SECONDS = 5.0
_BLOCK_BYTES = 512  # of `st_blocks`, by POSIX; a file's size may be set before its bytes are there


@contextmanager
def telling(model: Model, moved: Callable[[int], None]) -> Iterator[None]:
    """Around the wait for a model: `moved` is told the bytes that are here, as long as more arrive."""
    if model.generated or model.folder:
        yield
        return
    last = fetched_bytes(model.source)

    def look() -> bool:
        nonlocal last
        found = fetched_bytes(model.source)
        if found != last:
            last = found
            _log.info("model %s: %.1f GB of its weights are here", model.alias, found / 1e9)
            moved(found)
        return True

    with Heart(look, seconds=LOOK_SECONDS, name=f"fetch-{model.alias}"):
        yield


def fetched_bytes(source: str) -> int:
    """Bytes of this hub id in the hub's cache, of whole files and of those on their way."""
    blobs = Path(constants.HF_HUB_CACHE) / repo_folder_name(repo_id=source, repo_type="model") / "blobs"
    found = 0
    for path in blobs.glob("*"):
        with suppress(FileNotFoundError):  # an unfinished file gets its name when it is whole
            found += path.stat().st_blocks * _BLOCK_BYTES
    return found
