"""Pictures of this machine that a manifest names: found, told apart by their content, and sent once each."""

import hashlib
import re
import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from api.cli.client import Client
from jobs.errors import InvalidSpec, Problem

# Each holds one whole picture in memory, and one machine's uplink is soon full.
PARALLEL = 4
MOST_TOLD = 20
_COMMENT = re.compile(r"(?:^|\s)#")


def find(written: Iterable[tuple[str, str]], *, folder: Path, text: str, source: str) -> Mapping[str, Path]:
    """The file behind each path as written, relative to `folder`.

    written: (place in the manifest, path), as `jobs.spec.images.local_paths` gives them. text: the manifest's, for line
    numbers.

    Raises:
        InvalidSpec: files that are not there: the first ones, and how many more.

    """
    files: dict[str, Path] = {}
    problems: list[Problem] = []
    untold = 0
    for where, path in written:
        files[path] = folder / path
        if not files[path].is_file():
            if len(problems) == MOST_TOLD:
                untold += 1
                continue
            message = "is a folder, not a picture" if files[path].is_dir() else "no such file"
            remedy = f"Paths are relative to the manifest's folder, {folder.resolve()}"
            problems.append(Problem(where, message, path, remedy, _line(path, text)))
    if untold:
        problems.append(Problem("(the document)", f"{untold:,} more pictures are not there"))
    if problems:
        raise InvalidSpec(problems, source=source)
    return files


def content_uri(file: Path, *, read: bool) -> str:
    """The `upload://` URI that a file has once it is sent; that of none where it is not `read`, or not there."""
    return f"upload://{_sha256(file) if read and file.is_file() else '0' * 64}"


def upload(client: Client, files: Mapping[str, Path], *, on_file: Callable[[], None]) -> Mapping[str, str]:
    """Send the files, equal ones once; the `upload://` URI of each path as written.

    Raises:
        TooLarge, BadImage: the API refuses a file.
        OSError: a file can't be read.

    """
    shas = {file: _sha256(file) for file in set(files.values())}
    unlike = {sha256: file for file, sha256 in shas.items()}
    gate = threading.Lock()

    def send(sha256: str) -> str:
        uri = client.upload(unlike[sha256].read_bytes()).uri
        with gate:
            on_file()
        return uri

    with ThreadPoolExecutor(PARALLEL) as pool:
        uris = dict(zip(unlike, pool.map(send, unlike), strict=True))
    return {path: uris[shas[file]] for path, file in files.items()}


def _line(path: str, text: str) -> int | None:
    """The first line that names the path, as a word of its own and in no comment."""
    word = re.compile(rf"(?<![\w./-]){re.escape(path)}(?![\w./-])")
    lines = enumerate(text.splitlines(), 1)
    return next((number for number, line in lines if word.search(_COMMENT.split(line, maxsplit=1)[0])), None)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
