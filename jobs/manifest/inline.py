"""Pictures that a manifest carries in itself, as `data:` URIs: taken out before anything else reads it.

In its place stands `upload://<sha256>`, the name under which whoever submits the job stores the picture first. So a
spec stays small, and no byte of a picture reaches a ledger, a log, a page or an error.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from jobs.header import read_header
from jobs.manifest.refusal import MAX_DEPTH
from jobs.spec import Path
from jobs.spec.problems import Problems

MAX_PICTURES = 100
"""In one manifest: each is stored while the caller waits."""
MEDIA_TYPES = ("image/png", "image/jpeg", "image/webp")
NO_PICTURES: Mapping[str, bytes] = MappingProxyType({})

_SCHEME = re.compile(r"\s*data:", re.IGNORECASE)
_HEAD = re.compile(r"\s*data:\s*([^;,]*)((?:;[^;,]*)*),", re.IGNORECASE)
_UPLOAD = "POST it to /v1/uploads and write its upload://…, or name a file and submit with the CLI"


@dataclass(frozen=True, slots=True)
class TakenOut:
    """A document without pictures, and the pictures by the `upload://` URIs that stand in their places."""

    document: object
    pictures: Mapping[str, bytes]


def take_out(document: object, problems: Problems, *, limit: int | None) -> TakenOut:
    """Take the pictures out of a document; what is wrong with one is a problem at its place, which never shows it.

    limit: bytes of one picture; None where the text bounds them enough.
    """
    taker = _Taker(problems, limit)
    return TakenOut(taker.without(document, ()), taker.pictures)


class _Taker:
    def __init__(self, problems: Problems, limit: int | None) -> None:
        self._problems = problems
        self._limit = limit
        self.pictures: dict[str, bytes] = {}

    def without(self, value: object, path: Path) -> object:
        if len(path) > MAX_DEPTH:
            return value  # no picture stands so deep
        if isinstance(value, dict):
            return {key: self.without(inner, (*path, key)) for key, inner in value.items()}
        if isinstance(value, list):
            return [self.without(inner, (*path, k)) for k, inner in enumerate(value)]
        if isinstance(value, str) and _SCHEME.match(value) and _holds_pictures(path):
            return self._uri(value, path)
        return value

    def _uri(self, text: str, path: Path) -> str:
        data = self._picture(text, path)
        uri = f"upload://{hashlib.sha256(data).hexdigest()}"
        if not data:
            return uri  # after a problem: one that reads on
        self.pictures.setdefault(uri, data)
        if len(self.pictures) == MAX_PICTURES + 1:
            self._problems.add(path, f"more than {MAX_PICTURES} pictures stand in this manifest", remedy=_UPLOAD)
        return uri

    def _picture(self, text: str, path: Path) -> bytes:
        """The picture's bytes; none after a problem."""
        head = _HEAD.match(text[:400])
        if head is None or not head[2].lower().endswith(";base64"):
            self._problems.add(path, "this data: URI is not data:image/…;base64,…", remedy=_UPLOAD)
            return b""
        kind = head[1].strip().lower()
        if kind not in MEDIA_TYPES:
            said = f"data: of the type {kind[:60]!a} is no picture that is read here"
            self._problems.add(path, said, remedy=f"Use {', '.join(MEDIA_TYPES)}")
            return b""
        body = "".join(text[head.end() :].split())
        size = max(0, len(body) // 4 * 3 - body[-2:].count("="))
        if self._limit is not None and size > self._limit:
            said = f"a picture ({kind}) of {size} bytes, at most {self._limit} are taken within a manifest"
            self._problems.add(path, said, remedy=_UPLOAD)
            return b""
        return self._decoded(body, kind, path)

    def _decoded(self, body: str, kind: str, path: Path) -> bytes:
        try:
            data = base64.b64decode(body, validate=True)
        except (binascii.Error, ValueError):
            self._problems.add(path, f"data: of the type {kind} is not base64", remedy="Write it with = at its end")
            return b""
        if read_header(data) is None:
            said = f"data: says {kind}, and its {len(data)} bytes begin no PNG, JPEG or WebP picture"
            self._problems.add(path, said, remedy="Encode the bytes of the picture's file")
            return b""
        return data


def _holds_pictures(path: Path) -> bool:
    """Whether an init image or a mask stands there, in the short form or the long one."""
    place = path[1:] if path[:1] == ("spec",) else path
    names = [part for part in place if isinstance(part, str)]
    if not names:
        return False
    return names[-1] == "mask" or names in (["images"], ["images", "uri"])
