"""Many images by one line, a glob (`shoes/*.png`) or a folder that ends in `/`: what matches, and what it is called.

`*` and `?` stay within a folder, `**/` is any number of folders, `[a-z]` one of these characters, and so `[[]` is a
bracket itself. A folder stands for the pictures anywhere below it, by their suffixes. Names come from the path below
the pattern's fixed part, so an image keeps its name (and its seeds) whatever is added beside it.
"""

import re
from dataclasses import dataclass, replace
from urllib.parse import unquote

from jobs.spec.images import safe_name
from jobs.spec.model import ImageSpec

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff")
"""By which a folder's pictures are known; a glob takes whatever it matches."""

_MAGIC = re.compile(r"[*?\[\]]")
_PIECE = re.compile(r"\*\*/|\*\*|\*|\?|\[[\[\]]\]|\[!?[^\[\]/]+\]|.", re.DOTALL)
_DEEP = {"**/": "(?:[^/]+/)*", "**": ".*"}
MAX_DEEP = 2
_SUFFIX = re.compile(r"\.[A-Za-z0-9]{1,5}$")


def is_pattern(uri: str) -> bool:
    """Whether a line stands for many images. On the web there are no listings, so there it never does."""
    if uri.lower().startswith(("http://", "https://", "upload://")):
        return False
    return uri.endswith("/") or _MAGIC.search(uri) is not None


def literal(image: ImageSpec) -> ImageSpec:
    """The row of a table, which stands for one image, whose brackets are letters of its name."""
    one = image.kind == "pattern" and not image.uri.endswith("/") and not set("*?") & set(image.uri)
    return replace(image, kind="image") if one and not image.sidecar else image


@dataclass(frozen=True, slots=True)
class Pattern:
    """base: what every match starts with, as it is listed. folder: of `base`, with its `/`, empty for none."""

    base: str
    folder: str
    _regex: re.Pattern[str]

    @classmethod
    def of(cls, uri: str) -> "Pattern":
        """The pattern of a URI or path for which `is_pattern` holds.

        Raises:
            ValueError: no pattern that is taken; the text says why.

        """
        found = _MAGIC.search(uri)
        base = uri[: found.start()] if found else uri
        decoded = unquote(uri) if uri.startswith("file:") else uri
        start = unquote(base) if uri.startswith("file:") else base
        folder = start[: start.rfind("/") + 1]
        below = f".*(?i:{'|'.join(map(re.escape, SUFFIXES))})" if uri.endswith("/") else ""
        return cls(base, folder, _compiled(decoded, below))

    def matches(self, uri: str) -> bool:
        """Whether a URI (or path) is one of them."""
        return self._regex.fullmatch(_plain(uri)) is not None

    def name(self, uri: str) -> str:
        """What a match is called: its path below the folder, without its suffix, in safe letters."""
        return safe_name(_SUFFIX.sub("", _plain(uri).removeprefix(self.folder)))


def _plain(uri: str) -> str:
    return unquote(uri) if uri.startswith("file:") else uri


def _compiled(text: str, below: str) -> re.Pattern[str]:
    """A glob as an expression that can't be made to take ages: a star takes the first match that goes on.

    below: an expression for what comes after it.

    Raises:
        ValueError: a range that runs backwards, or too many `**`.

    """
    if text.count("**") > MAX_DEEP:
        raise ValueError(f"has more than {MAX_DEEP} `**`")
    rest = list(reversed(_PIECE.findall(text)))
    made = ""
    while rest:
        piece = rest.pop()
        if piece in _DEEP:
            made += _DEEP[piece]
            continue
        fixed = "" if piece == "*" else _fixed(piece)
        while rest and rest[-1] != "*" and rest[-1] not in _DEEP:
            fixed += _fixed(rest.pop())
        made += fixed if piece != "*" else f"(?>[^/]*?{fixed})" if rest or below else f"[^/]*{fixed}"
    try:
        return re.compile(made + below, re.DOTALL)
    except re.error as wrong:
        raise ValueError(f"is no pattern: {wrong.msg}") from None


def _fixed(piece: str) -> str:
    if piece.startswith("[") and len(piece) > 1:
        inside = re.sub(r"([^\w!-])", r"\\\1", piece[1:-1]).replace("--", r"\-\-")
        return f"[^{inside[1:]}]" if inside.startswith("!") else f"[{inside}]"
    return "[^/]" if piece == "?" else re.escape(piece)
