"""What the ledger hands out: frozen views, so that nobody holds a dict of Redis strings."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from jobs.state import Lane, State

_MARK = "@"


def backend_mark(name: str) -> str:
    """A backend as one more thing that a job may want and a worker may have, among the models of both."""
    return _MARK + name


def plain_models(models: tuple[str, ...]) -> tuple[str, ...]:
    """Without marked backends."""
    return tuple(name for name in models if not name.startswith(_MARK))


@dataclass(frozen=True, slots=True)
class WebhookView:
    """Where the end of a job is told. state: waiting (for the end), pending, delivered, failed; said: why not yet."""

    url: str
    state: str
    attempts: int
    said: str


@dataclass(frozen=True, slots=True)
class JobView:
    """A job as it stands. Times are Unix seconds on Redis' clock, 0 for what has not happened.

    count: variants to make (holes not counted). total: raw positions in the product; the cursor runs over these.
    results_uri: the folder of the job's results, ending in "/". causes: refusals by error code.
    linked: pictures of the job that this one extends, counted when it is over. stars, rejects: pictures so marked.
    budget_*: at which the job pauses, None for no bound; gpu_seconds: of the device, used so far.
    models: what a worker must have to work on it: aliases, and the backend where the spec names one (`backend_mark`).
    """

    id: str
    caller: str
    name: str
    state: State
    reason: str
    lane: Lane
    models: tuple[str, ...]
    spec_hash: str
    results_uri: str
    count: int
    total: int
    cursor: int
    settled: int
    refused: int
    leased: int
    waiting: int
    created_at: float
    started_at: float
    finished_at: float
    written: bool
    budget_images: int | None = None
    budget_gpu_seconds: float | None = None
    gpu_seconds: float = 0.0
    webhook: WebhookView | None = None
    causes: Mapping[str, int] = field(default_factory=dict)
    linked: int = 0
    stars: int = 0
    rejects: int = 0
    labels: Mapping[str, str] = field(default_factory=dict)

    @property
    def open(self) -> int:
        """Variants that have no outcome yet."""
        return max(0, self.count - self.settled - self.refused)

    @property
    def held(self) -> bool:
        """Nothing of it is leased until somebody resumes it; one that is being planned is paused once it is."""
        return self.state is State.PAUSED or (self.state is State.PLANNING and bool(self.reason))


@dataclass(frozen=True, slots=True)
class Quota:
    """What a caller may have at a time; 0 for no bound. open_variants: without an outcome, over all its jobs."""

    active_jobs: int = 0
    open_variants: int = 0


NO_QUOTA = Quota()


@dataclass(frozen=True, slots=True)
class Accepted:
    """What accepting came to; `created` is False where the idempotency key was known already."""

    job: str
    created: bool


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to work on `start <= index < stop` of a job until the deadline, fenced.

    again: part of the range was leased before, so its pictures may be stored already.
    alone: a suspect, to be rendered with nothing else in flight from this lease.
    attempt: how often this range was postponed by the world's faults before, from 0.
    closed: indexes within the range that have their outcome already, and are none of the holder's business.
    urgent: the job was in the urgent lane when this was leased.
    """

    job: str
    fence: int
    epoch: int
    start: int
    stop: int
    again: bool
    alone: bool
    attempt: int
    caller: str
    manifest_uri: str
    results_uri: str
    closed: frozenset[int] = frozenset()
    urgent: bool = False

    @property
    def chunk(self) -> str:
        """The range as people read it, both ends included."""
        return f"{self.start}-{self.stop - 1}"


@dataclass(frozen=True, slots=True)
class GiveBack:
    """A range that a lease returns unfinished: try again no sooner than `delay_seconds` from now."""

    start: int
    stop: int
    delay_seconds: float = 0.0
    attempt: int = 0


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a variant has no picture."""

    index: int
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Selection:
    """Which refused variants: of these error codes, within these half-open ranges; empty is no restriction."""

    causes: tuple[str, ...] = ()
    ranges: tuple[tuple[int, int], ...] = ()


EVERY_REFUSAL = Selection()


@dataclass(frozen=True, slots=True)
class Trouble:
    """What went wrong last at a worker: of which job, and how long ago."""

    job: str
    code: str
    message: str
    seconds_ago: float


@dataclass(frozen=True, slots=True)
class WorkerView:
    """A worker as it last announced itself. drained: it takes no more work until it is told to.

    device_name: what the device calls itself, empty where that is not known (yet). memory_*: bytes of the device, 0
    where that is not known. per_minute: pictures, over the last minute.
    queue: that it takes tickets from; workers of one queue offer the same.
    loading: models that it loads now, and the bytes of each that came from a hub so far, 0 where none do.
    """

    id: str
    device: str
    backend: str
    models: tuple[str, ...]
    slots: int
    busy: int
    seen_at: float
    rendered: int
    drained: bool = False
    device_name: str = ""
    memory_used: int = 0
    memory_limit: int = 0
    per_minute: float = 0.0
    trouble: Trouble | None = None
    queue: str = ""
    loading: tuple[tuple[str, int], ...] = ()
