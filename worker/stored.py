"""Is the picture at a key ours? Told by the fingerprint inside the file: some stores lose an object's metadata."""

import hashlib

from jobs.errors import ForeignObject, ImageNotFound
from jobs.storage import Storage
from worker.backends import Order, Stored
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
    if own is None or own.get("fingerprint") != order.fingerprint:
        said = f"another object lies at {uri}"
        raise ForeignObject(said, remedy="Choose another output.uri or output.name, or remove the object.")
    return Stored(order, hashlib.sha256(data).hexdigest(), len(data))
