"""Is the picture at a key ours? Told by the fingerprint inside the file: some stores lose an object's metadata."""

import hashlib

from jobs.errors import ForeignObject, ImageNotFound
from jobs.storage import Storage
from worker.backends import Order, Rung, Stored, on_rung
from worker.output.lossy import read_own_exif
from worker.output.png import read_own_json

MAX_BYTES = 256 << 20


def find_stored(storage: Storage, uri: str, order: Order) -> Stored | None:
    """The picture of this very order, if it lies at `uri`; None when nothing does.

    Raises:
        ForeignObject: something else lies there; it is left alone.

    """
    try:
        data = storage.read(uri, limit=MAX_BYTES)
    except ImageNotFound:
        return None
    own = read_own_json(data) or read_own_exif(data)
    rung = None if own is None else _rung(own.get("rung"))
    if own is None or own.get("fingerprint") != on_rung(order, rung).fingerprint:
        said = f"another object lies at {uri}"
        raise ForeignObject(said, remedy="Choose another output.uri or output.name, or remove the object.")
    return Stored(on_rung(order, rung), hashlib.sha256(data).hexdigest(), len(data), rung=rung)


def _rung(said: object) -> Rung | None:
    """The rung that a file says it was made on; nothing but the fingerprint that follows from it is believed."""
    if not isinstance(said, dict):
        return None
    rows, decode_rows = said.get("rows"), said.get("decode_rows")
    return Rung(rows, decode_rows) if isinstance(rows, int) and isinstance(decode_rows, int) else None
