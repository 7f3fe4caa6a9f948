"""The pages that browsers are given: one document, its modules and styles, served as they lie here.

There is no build step: what is in this folder is what runs. `vendor/` holds Preact, htm, signals and uPlot as npm has
them (`.ci/vendor` renews them, NOTICE has their licences). Everything else is ours and knows only the HTTP API:

- `app.js` picks the page by the URL; `url.js` makes the URL the only place where filters live.
- `http.js` speaks to the API, `live.js` follows a job's events, `poll.js` asks again while somebody looks.
- `sheet.js` is a sweep on a canvas that `paint.js` draws; `layout.js` is its arithmetic, `cells.js` and `thumbs.js` are
  what is drawn.
- `me.js` knows whose key the window goes by, and hides what that key may not do.
- one file a page: `overview.js jobs.js job.js picture.js submit.js workers.js`.

`example.png` is the house of the demo (`worker/demo_model/inits.py`), for somebody who has no picture at hand.

Whatever a user wrote reaches the document as text nodes and properties only; the policy in `api/web/pages.py` forbids
inline scripts, inline styles and foreign origins (but for pictures from the storage's).
"""

import gzip
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable

_KINDS = {"js": "text/javascript", "css": "text/css", "html": "text/html", "svg": "image/svg+xml", "png": "image/png"}


@dataclass(frozen=True, slots=True)
class Asset:
    """One file, as it is sent. etag: of its bytes, quoted as HTTP wants it."""

    media_type: str
    plain: bytes
    gzipped: bytes
    etag: str


def assets() -> Mapping[str, Asset]:
    """Every file of the dashboard by its path below this package (`vendor/preact.js`): about 200 KiB, read at once."""
    return {name: _asset(name, file.read_bytes()) for name, file in _below(files(__package__ or __name__), "")}


def _below(folder: Traversable, prefix: str) -> Iterator[tuple[str, Traversable]]:
    for entry in sorted(folder.iterdir(), key=lambda one: one.name):
        name = f"{prefix}{entry.name}"
        if entry.is_dir():
            yield from _below(entry, f"{name}/")
        elif name.rsplit(".", 1)[-1] in _KINDS:
            yield name, entry


def _asset(name: str, data: bytes) -> Asset:
    kind = _KINDS[name.rsplit(".", 1)[-1]]
    return Asset(kind, data, gzip.compress(data, 9, mtime=0), f'"{hashlib.sha256(data).hexdigest()[:20]}"')
