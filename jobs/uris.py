"""URIs are the one thing that callers hand us that makes us open files and sockets, so they are parsed here, strictly.

The standard library's `urlsplit` reads `s3://bucket@evil/k` as host `evil` and silently drops tabs and newlines; this
module parses each scheme by its own grammar instead, and refuses whatever that grammar does not say.

=====================  ==========================================================================================
`s3://bucket/key`      the key taken literally (`?`, `#`, `%` are part of it), no empty, `.` or `..` segment
`file:///a/b.png`      an absolute path, `%XX` decoded, no empty, `.` or `..` segment
`upload://<sha256>`    what a caller uploaded: 64 lower-case hex digits
`http(s)://host/...`   host name or plain address and port; no user, no zone, no backslash; non-ASCII names in punycode
=====================  ==========================================================================================

Nothing here resolves, opens or allows anything: that is the storage's and the intake's business.
"""

import re
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from urllib.parse import quote, unquote_to_bytes

from jobs.errors import ForbiddenUri

MAX_URI_CHARACTERS = 4096
MAX_KEY_BYTES = 1024
SCHEMES = ("s3", "file", "upload", "http", "https")

_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_SEGMENT = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}")
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_DATA = re.compile(r"(?i)\b(data:[\w.+/-]{0,80}[^,\s\"']{0,80},)[A-Za-z0-9+/=%_-]{8,}")
_SURROGATE_OR_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class S3Uri:
    """An object, or with an empty or `/`-ended key a folder of a bucket."""

    bucket: str
    key: str

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.key}"


@dataclass(frozen=True, slots=True)
class FileUri:
    """An absolute path on this machine, in its plain form."""

    path: str

    def __str__(self) -> str:
        return f"file://{quote(self.path)}"


@dataclass(frozen=True, slots=True)
class UploadUri:
    """What a caller uploaded, by the hash of its bytes."""

    sha256: str

    def __str__(self) -> str:
        return f"upload://{self.sha256}"


@dataclass(frozen=True, slots=True)
class WebUri:
    """An address to fetch from. host: lower-case name, or an address without brackets. target: path and query."""

    scheme: str
    host: str
    port: int
    target: str

    @property
    def authority(self) -> str:
        """Host and, unless it is the scheme's own, port: what the Host header says."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.scheme == "https" else 80) else f"{host}:{self.port}"

    def __str__(self) -> str:
        return f"{self.scheme}://{self.authority}{self.target}"


Uri = S3Uri | FileUri | UploadUri | WebUri


def parse(uri: str) -> Uri:
    """Take a URI of any scheme apart.

    Raises:
        ForbiddenUri: not by the grammar of a scheme that we know.

    """
    scheme, rest = _scheme(uri)
    if scheme == "s3":
        return _s3(uri, rest)
    if scheme == "file":
        return _file(uri, rest)
    if scheme == "upload":
        return _upload(uri, rest)
    return _web(uri, scheme, rest)


def parse_s3(uri: str, *, folder: bool = False) -> S3Uri:
    """Take `s3://bucket/key` apart; with `folder` the key may be missing, empty, or end in `/`.

    Raises:
        ForbiddenUri: not an s3 URI by that grammar.

    """
    scheme, rest = _scheme(uri)
    if scheme != "s3":
        raise _refused(uri, "is not an s3:// URI", "Write s3://bucket/key")
    return _s3(uri, rest, folder=folder)


def parse_file(uri: str, *, folder: bool = False) -> FileUri:
    """Take `file:///path` apart; with `folder` the path may end in `/`.

    Raises:
        ForbiddenUri: not a file URI by that grammar.

    """
    scheme, rest = _scheme(uri)
    if scheme != "file":
        raise _refused(uri, "is not a file:// URI", "Write file:///absolute/path")
    return _file(uri, rest, folder=folder)


def upload_uri(output_uri: str, caller: str, sha256: str) -> str:
    """Where the bytes that `caller` uploaded lie: the one mapping that the API writes with and workers read with.

    Raises:
        ForbiddenUri: the caller's name or the hash is not fit to be part of a key.

    """
    if not _SHA256.fullmatch(sha256):
        raise _refused(f"upload://{sha256}", "is not 64 lower-case hex digits", "Upload the picture and use its answer")
    return f"{caller_uri(output_uri, caller)}uploads/{sha256}.bin"


def caller_uri(output_uri: str, caller: str) -> str:
    """Give the folder, ending in `/`, below which everything of `caller` lies.

    Raises:
        ForbiddenUri: the caller's name is not fit to be part of a key.

    """
    if not _SEGMENT.fullmatch(caller):
        raise _refused(caller, "is not a caller's name", "Use A-Z, a-z, 0-9, '.', '_', '-', no leading '.'")
    return f"{output_uri.rstrip('/')}/{caller}/"


def shown(uri: str) -> str:
    """Give the URI as it may stand in a message or a log: no user, no query (signatures), no bytes, no controls."""
    length, uri = len(uri), without_data(uri)
    if not uri.startswith("s3://"):
        uri = re.sub(r"\?.*", "?…", re.sub(r"//[^/?#]*@", "//…@", uri, count=1), count=1, flags=re.DOTALL)
    uri = _SURROGATE_OR_CONTROL.sub("\N{REPLACEMENT CHARACTER}", uri)
    return uri if len(uri) <= 200 else f"{uri[:200]}… ({length} characters)"


def without_data(text: str) -> str:
    """The text with what `data:` URIs in it carry left out: pictures stand in no message and no log."""
    return _DATA.sub(r"\1…", text)


def _refused(uri: str, what: str, remedy: str) -> ForbiddenUri:
    return ForbiddenUri(f"'{shown(uri)}' {what}", remedy=f"{remedy}.")


def _scheme(uri: str) -> tuple[str, str]:
    if len(uri) > MAX_URI_CHARACTERS:
        raise _refused(uri, f"is longer than {MAX_URI_CHARACTERS} characters", "Use a shorter one")
    if _SURROGATE_OR_CONTROL.search(uri):
        raise _refused(uri, "holds control characters or lone surrogates", "Remove them")
    scheme, separator, rest = uri.partition("://")
    if not separator or scheme not in SCHEMES:
        raise _refused(uri, "has no scheme that is read here", f"Use {', '.join(f'{s}://' for s in SCHEMES)}")
    return scheme, rest


def _segments(uri: str, path: str) -> None:
    if any(segment in {"", ".", ".."} for segment in path.split("/")):
        raise _refused(uri, "has an empty, '.' or '..' segment", "Write the plain path")


def _s3(uri: str, rest: str, *, folder: bool = False) -> S3Uri:
    bucket, _, key = rest.partition("/")
    if not _BUCKET.fullmatch(bucket) or ".." in bucket:
        raise _refused(uri, f"names no bucket ({bucket!a})", "Write s3://bucket/key, the bucket in lower case")
    if len(key.encode()) > MAX_KEY_BYTES:
        raise _refused(uri, f"has a key of more than {MAX_KEY_BYTES} bytes", "Use a shorter key")
    if not (folder and key == ""):
        _segments(uri, key.removesuffix("/") if folder else key)
    return S3Uri(bucket, key)


def _file(uri: str, rest: str, *, folder: bool = False) -> FileUri:
    rest = "/" + rest.removeprefix("localhost/") if rest.startswith("localhost/") else rest
    if not rest.startswith("/"):
        raise _refused(uri, "names a host or a relative path", "Write file:///absolute/path")
    try:
        path = unquote_to_bytes(rest).decode("utf-8")
    except UnicodeDecodeError:
        raise _refused(uri, "is not UTF-8 once its %XX are decoded", "Encode the path as UTF-8") from None
    if _SURROGATE_OR_CONTROL.search(path):
        raise _refused(uri, "holds control characters", "Remove them")
    if not (folder and path == "/"):
        _segments(uri, path[1:].removesuffix("/") if folder else path[1:])
    return FileUri(path)


def _upload(uri: str, rest: str) -> UploadUri:
    if not _SHA256.fullmatch(rest):
        raise _refused(uri, "is not upload:// and 64 lower-case hex digits", "Upload the picture and use its answer")
    return UploadUri(rest)


def _web(uri: str, scheme: str, rest: str) -> WebUri:
    if "\\" in uri or " " in uri:
        raise _refused(uri, "holds a backslash or a space", "Percent-encode it")
    authority, target = re.fullmatch(r"([^/?#]*)(.*)", rest).groups()  # type: ignore[union-attr] # matches any text
    if "@" in authority or "%" in authority:
        raise _refused(uri, "has a user, a zone or an escape in its host", "Write scheme://host/path")
    split = re.fullmatch(r"(\[[^\[\]]*\]|[^:\[\]]*)(?::([0-9]{1,5}))?", authority)
    if split is None:
        raise _refused(uri, "has no host and port that can be read", "Write scheme://host:port/path")
    host = _host(uri, split[1])
    port = int(split[2]) if split[2] else (443 if scheme == "https" else 80)
    if not 1 <= port <= 65535:
        raise _refused(uri, f"has port {port}", "Use 1 to 65535")
    target = target.partition("#")[0]
    return WebUri(scheme, host, port, quote(target if target.startswith("/") else f"/{target}", safe=_SAFE))


_SAFE = "/?:@!$&'()*+,;=-._~%[]|"


def _host(uri: str, host: str) -> str:
    """Lower-case host; numbers only in the one form that every resolver reads alike."""
    try:
        if host.startswith("["):
            return str(IPv6Address(host[1:-1]))
        if not host.isascii():
            raise _refused(uri, "has a host that is not ASCII", "Write the name in punycode (xn--…)")
        host = host.lower().removesuffix(".")
        labels = host.split(".")
        if _NUMBER.fullmatch(labels[-1]):
            return str(IPv4Address(host))
    except AddressValueError:
        raise _refused(uri, f"has a host {host!a} that is not a plain address", "Write it as 192.0.2.1") from None
    if len(host) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise _refused(uri, f"has a host {host[:80]!a} that is not a host name", "Write scheme://host/path")
    return host
