"""Pictures of the job that this one extends, by fingerprint: what is the same is linked and not rendered again.

Equal fingerprints mean equal bytes. A worker reads the other job's records once, into a file: a look-up costs
microseconds and no memory, however many there are. The picture is looked for before it is linked; one that is gone is
rendered.
"""

import sqlite3
import tempfile
import threading
import weakref
from pathlib import Path

import orjson

from jobs.keys import extended_uri, records_prefix, thumb_uri
from jobs.ledger.views import JobView
from jobs.storage import Storage
from worker.backends import Order, Stored

PART_BYTES = 64 << 20


class Earlier:
    """The settled pictures of one job. Thread-safe; its records are read when somebody asks first."""

    def __init__(self, storage: Storage, results_uri: str) -> None:
        self._storage = storage
        self._results_uri = results_uri
        self._lock = threading.Lock()
        self._rows: sqlite3.Connection | None = None

    def find(self, order: Order) -> Stored | None:
        """The picture that has this order's fingerprint, None where there is none (any more).

        Raises:
            StorageUnavailable: the records or the picture can't be looked at.

        """
        with self._lock:
            if self._rows is None:
                self._rows = self._read()
            row = self._rows.execute(
                "SELECT key, sha256, size, place FROM made WHERE fingerprint = ?", (order.fingerprint,)
            ).fetchone()
        if row is None:
            return None
        key, sha256, size, place = row
        there = self._storage.head(key)
        if there is None or there.size != size:
            return None
        return Stored(order, sha256, size, linked=key, thumb=thumb_uri(self._results_uri, place))

    def _read(self) -> sqlite3.Connection:
        folder = tempfile.TemporaryDirectory(prefix="pentimento-earlier-")
        rows = sqlite3.connect(Path(folder.name) / "made.sqlite", check_same_thread=False)
        weakref.finalize(self, _dispose, rows, folder)
        rows.execute("PRAGMA synchronous = OFF")
        rows.execute("CREATE TABLE made (fingerprint TEXT PRIMARY KEY, key, sha256, size, place) WITHOUT ROWID")
        for part in self._storage.list(records_prefix(self._results_uri)):
            lines = self._storage.read(part.uri, limit=PART_BYTES).splitlines()
            records = (orjson.loads(line) for line in lines if line)
            rows.executemany(
                "INSERT OR REPLACE INTO made VALUES (?, ?, ?, ?, ?)",
                (
                    (r["fingerprint"], r["key"], r["sha256"], r["size"], r["index"])
                    for r in records
                    if r["state"] == "settled"
                ),
            )
        rows.commit()
        return rows


def _dispose(rows: sqlite3.Connection, folder: "tempfile.TemporaryDirectory[str]") -> None:
    rows.close()
    folder.cleanup()


def note_earlier(storage: Storage, results_uri: str, extended: JobView) -> None:
    """Write beside the manifest where the extended job's results lie: Redis may have forgotten it by then."""
    text = orjson.dumps({"job": extended.id, "results_uri": extended.results_uri})
    storage.write(extended_uri(results_uri), text, "application/json", if_absent=False)


def earlier_pictures(storage: Storage, results_uri: str) -> Earlier:
    """The pictures of the job that the one at `results_uri` extends.

    Raises:
        ImageNotFound, StorageUnavailable: planning left no note, or it can't be read.

    """
    note = orjson.loads(storage.read(extended_uri(results_uri), limit=1 << 16))
    return Earlier(storage, str(note["results_uri"]))
