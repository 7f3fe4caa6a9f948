"""The frozen manifest in storage: written once by planning, read by every worker that takes a lease of the job."""

import threading
from collections import OrderedDict
from dataclasses import dataclass

import orjson

from jobs.spec import JobSpec, parse_spec
from jobs.storage import Storage
from jobs.storage.listing import stored_sweep
from jobs.sweep import Sweep
from worker.results.earlier import Earlier, earlier_pictures

KEPT = 32
MAX_BYTES = 64 << 20


@dataclass(frozen=True, slots=True)
class Plan:
    """A job as its worker knows it."""

    spec: JobSpec
    sweep: Sweep
    earlier: Earlier | None = None


class Manifests:
    """The plans that this process used last. Thread-safe."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._plans: OrderedDict[str, Plan] = OrderedDict()
        self._lock = threading.Lock()

    def plan(self, uri: str) -> Plan:
        """The plan whose manifest lies at `uri`.

        Raises:
            ImageNotFound, StorageUnavailable: the manifest can't be read.

        """
        with self._lock:
            if uri in self._plans:
                self._plans.move_to_end(uri)
                return self._plans[uri]
        spec = parse_spec(orjson.loads(self._storage.read(uri, limit=MAX_BYTES)), source=uri)
        folder = uri.removesuffix("manifest.json")
        earlier = earlier_pictures(self._storage, folder) if spec.run.extends else None
        plan = Plan(spec, stored_sweep(self._storage, folder, spec), earlier)
        with self._lock:
            self._plans[uri] = plan
            while len(self._plans) > KEPT:
                self._plans.popitem(last=False)
        return plan
