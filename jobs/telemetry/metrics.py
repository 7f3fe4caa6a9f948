"""Every metric, one table: whoever draws or alerts on something finds here what it is called and what it counts.

Names follow Prometheus' conventions. Every label is bounded: its values are those of an enumeration in the code, of the
model table, or of the workers that live; never a job, a variant or a caller.

Four groups, by who knows them. HANDS are counted in workers, DOORS in the API, BOTH in either (the page adds `role`),
and LEDGER is read from Redis when the API is asked. Workers hand theirs on through Redis (`jobs.ledger.figures`): the
API's `/metrics` shows the whole farm also where workers can't be scraped. Counters of workers are summed over all that
ever were, so that one that leaves takes nothing along; their gauges carry a label `worker`.

These objects are the one state that modules of this house share: a count that had to be handed through every signature
would not be counted.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from jobs.errors import ForeignObject, Poison, StorageUnavailable

HANDS: Final = CollectorRegistry()
DOORS: Final = CollectorRegistry()
BOTH: Final = CollectorRegistry()
LEDGER: Final = CollectorRegistry()

QUICK: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
WORK: Final = (0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0)

# What the hands count.
VARIANTS = Counter(
    "pentimento_variants",
    "Variants by outcome (rendered, stored, linked, refused, postponed); cause: the error's code, if there is one. "
    "Refused with the cause poison: three workers were lost on it, and it is kept from the others",
    ("outcome", "cause"),
    registry=HANDS,
)
STAGE_SECONDS = Histogram(
    "pentimento_stage_seconds",
    "What one variant spends in a stage: fetch, prepare (with fetch), queue (in the engine), denoise, decode, encode, "
    "upload; settle: of a batch of records",
    ("stage",),
    buckets=WORK,
    registry=HANDS,
)
CHUNK_SECONDS = Histogram("pentimento_chunk_seconds", "How long a lease was held", buckets=WORK, registry=HANDS)
LEASES_LOST = Counter(
    "pentimento_leases_lost", "Leases whose holder found that it holds them no longer", registry=HANDS
)
LEASES_EXPIRED = Counter("pentimento_leases_expired", "Leases that the reaper took from the silent", registry=HANDS)
REWORK = Counter(
    "pentimento_rework",
    "Variants that were rendered although their picture was stored or counted already",
    ("found",),
    registry=HANDS,
)
REAPER_ROUNDS = Counter("pentimento_reaper_rounds", "Rounds of the reaper and dispatcher", registry=HANDS)
TICKETS = Counter("pentimento_tickets_sent", "Celery messages sent by dispatchers", ("kind",), registry=HANDS)
WEBHOOKS = Counter(
    "pentimento_webhook_attempts", "Webhooks tried, by what came of it: delivered, later, failed", ("outcome",),
    registry=HANDS,
)  # fmt: skip
DEVICE_BUSY = Counter("pentimento_device_busy_seconds", "Time in which devices computed", registry=HANDS)
ROWS_USED = Counter("pentimento_engine_rows_used", "Rows of batches that did work, a step each", registry=HANDS)
ROWS_THERE = Counter("pentimento_engine_rows_computed", "Rows of batches, the padded ones too, a step each",
                     registry=HANDS)  # fmt: skip
DEVICE_MEMORY = Gauge("pentimento_device_memory_bytes", "Memory of the device, used and limit", ("kind",),
                      registry=HANDS)  # fmt: skip
SLOTS = Gauge("pentimento_worker_slots", "Leases that a worker may hold, and holds", ("kind",), registry=HANDS)

# Rare ones are there from the beginning, at 0: nothing grows out of a series that is not there.
for _cause in (Poison.code, ForeignObject.code):
    VARIANTS.labels("refused", _cause)
for _found in ("stored", "settled"):
    REWORK.labels(_found)

# What the doors count.
HTTP_SECONDS = Histogram(
    "pentimento_http_request_seconds",
    "Until an answer begins, by route (as the API declares it), method and status class",
    ("route", "method", "status"),
    buckets=QUICK,
    registry=DOORS,
)
WATCHERS = Gauge("pentimento_watchers", "Streams of events that are open (SSE and gRPC)", registry=DOORS)
BUILD = Gauge("pentimento_build_info", "Always 1; the version is in the label", ("version",), registry=DOORS)

# What both do.
REDIS_SECONDS = Histogram(
    "pentimento_redis_script_seconds", "The ledger's scripts, by name", ("script",), buckets=QUICK, registry=BOTH
)
REDIS_ERRORS = Counter("pentimento_redis_errors", "Calls to Redis that failed", registry=BOTH)
STORAGE_SECONDS = Histogram(
    "pentimento_storage_seconds", "Calls to the store, by operation", ("operation",), buckets=QUICK, registry=BOTH
)
STORAGE_ERRORS = Counter(
    "pentimento_storage_errors", "Calls in which the store was away or refused us", ("operation",), registry=BOTH
)

# What the ledger holds.
REDIS_UP = Gauge("pentimento_redis_up", "Whether Redis answers; where it is 0 the rest is as last seen",
                 registry=LEDGER)  # fmt: skip
REDIS_MEMORY = Gauge(
    "pentimento_redis_memory_bytes", "Memory of Redis: used, and limit (its own, or its machine's)", ("kind",),
    registry=LEDGER,
)  # fmt: skip
REDIS_EVICTED = Gauge("pentimento_redis_evicted_keys", "Keys that Redis threw away since it started; must be 0",
                      registry=LEDGER)  # fmt: skip
REDIS_AOF_OK = Gauge("pentimento_redis_aof_ok", "Whether the last write of the append-only file went well",
                     registry=LEDGER)  # fmt: skip
LEDGER_LOST = Gauge("pentimento_ledger_lost", "Whether Redis has lost the deployment's state", registry=LEDGER)
JOBS = Gauge("pentimento_jobs", "Jobs that the ledger holds, by state", ("state",), registry=LEDGER)
QUEUE_JOBS = Gauge("pentimento_queue_jobs", "Jobs that have something to lease, by lane", ("lane",), registry=LEDGER)
QUEUE_VARIANTS = Gauge(
    "pentimento_queue_variants", "Variants without an outcome, of jobs that have something to lease", ("lane",),
    registry=LEDGER,
)  # fmt: skip
QUEUE_OLDEST = Gauge(
    "pentimento_queue_oldest_seconds", "Age of the oldest job that has something to lease", ("lane",), registry=LEDGER
)
MODEL_JOBS = Gauge("pentimento_model_jobs", "Jobs that have something to lease, by what they need of a worker",
                   ("model",), registry=LEDGER)  # fmt: skip
MODEL_WORKERS = Gauge("pentimento_model_workers", "Workers that have what jobs need", ("model",), registry=LEDGER)
WORKERS = Gauge("pentimento_workers", "Workers seen lately: idle, busy, drained", ("backend", "state"),
                registry=LEDGER)  # fmt: skip
LEASES = Gauge("pentimento_leases", "Leases that are out", registry=LEDGER)
LEASES_OVERDUE = Gauge("pentimento_leases_overdue", "Leases that expired and that nobody has reaped for seconds",
                       registry=LEDGER)  # fmt: skip
DUTIES = Gauge("pentimento_duties", "Duties about whole jobs that are open: plan, finish, hook", ("kind",),
               registry=LEDGER)  # fmt: skip
DUTIES_OVERDUE = Gauge("pentimento_duties_overdue_seconds", "For how long the oldest duty has been due", ("kind",),
                       registry=LEDGER)  # fmt: skip
TICKETS_WAITING = Gauge("pentimento_tickets_waiting", "Celery messages that no worker has taken", ("queue",),
                        registry=LEDGER)  # fmt: skip


@contextmanager
def staged(stage: str) -> Iterator[None]:
    """Around one stage of one variant."""
    began = perf_counter()
    yield
    STAGE_SECONDS.labels(stage).observe(perf_counter() - began)


@contextmanager
def storing(operation: str) -> Iterator[None]:
    """Around one call of the store: counts it, and whether the store was at fault."""
    began = perf_counter()
    try:
        yield
    except StorageUnavailable:
        STORAGE_ERRORS.labels(operation).inc()
        raise
    finally:
        STORAGE_SECONDS.labels(operation).observe(perf_counter() - began)
