"""What the API answers, as the command line reads it: a newer server may say more, and `--json` passes that on."""

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from jobs.state import State


def _none_is_empty(value: object) -> object:
    return "" if value is None else value


def _none_is_zero(value: object) -> object:
    return 0 if value is None else value


Text = Annotated[str, BeforeValidator(_none_is_empty)]
Whole = Annotated[int, BeforeValidator(_none_is_zero)]
Seconds = Annotated[float, BeforeValidator(_none_is_zero)]


class Answer(BaseModel):
    """Any answer: frozen, and what it says beyond our fields is kept."""

    model_config = ConfigDict(frozen=True, extra="allow")


class Bounds(Answer):
    """What a caller may; None where nothing was said, 0 for no bound."""

    calls_per_minute: int | None = None
    upload_bytes_per_day: int | None = None
    active_jobs: int | None = None
    open_variants: int | None = None


class CallerLimits(Answer):
    """One caller's quotas: what was said of it, and what that comes to."""

    caller: str
    own: Bounds
    holds: Bounds


class Key(Answer):
    """An API key without its secret. Times are Unix seconds, 0 for never."""

    id: str
    caller: Text = ""
    label: Text = ""
    scopes: list[str] = Field(default_factory=list)
    state: Text = ""
    expires_at: Seconds = 0
    used_at: Seconds = 0
    limits: Bounds = Bounds()


class Keys(Answer):
    """Every key."""

    keys: list[Key]


class MadeKey(Answer):
    """A key that was just made, with its text."""

    key: str
    about: Key


class Webhook(Answer):
    """How telling a job's end went."""

    state: Text = ""
    attempts: Whole = 0
    said: Text = ""


class Job(Answer):
    """A job as it stands. Times are Unix seconds, 0 for what has not happened."""

    id: str
    state: State
    name: Text = ""
    reason: Text = ""
    lane: Text = ""
    count: Whole = 0
    settled: Whole = 0
    refused: Whole = 0
    linked: Whole = 0
    leased: Whole = 0
    waiting: Whole = 0
    stars: Whole = 0
    rejects: Whole = 0
    created_at: Seconds = 0
    started_at: Seconds = 0
    finished_at: Seconds = 0
    written: bool = False
    results_uri: Text = ""
    causes: dict[str, int] = Field(default_factory=dict)
    webhook: Webhook | None = None

    @property
    def complete(self) -> bool:
        """Every picture that was asked for is there."""
        return self.state is State.SUCCEEDED


class Jobs(Answer):
    """A page of jobs, newest first."""

    jobs: list[Job]
    next_cursor: Text = ""


class Why(Answer):
    """Why a job or a variant is where it is."""

    state: Text = ""
    sentences: list[str] = Field(default_factory=list)


class Gone(Answer):
    """What one round of pruning took away."""

    jobs: list[str] = Field(default_factory=list)
    objects: Whole = 0
    more: bool = False


class Finding(Answer):
    """One thing that the doctor looked at."""

    name: Text = ""
    status: Text = ""
    detail: Text = ""
    remedy: Text = ""
    repaired: Text = ""


class Report(Answer):
    """What the doctor found."""

    well: bool
    findings: list[Finding] = Field(default_factory=list)


class RecoveredJob(Answer):
    """A job that was found in storage; `restored` is False where the ledger had it."""

    restored: bool
    job: Job


class Recovery(Answer):
    """One round of bringing jobs back."""

    jobs: list[RecoveredJob] = Field(default_factory=list)
    skipped: list[str] = Field(default_factory=list)
    next_cursor: Text = ""


class Upload(Answer):
    """An uploaded picture: its URI is its content."""

    uri: str
    sha256: str
    size: int


class LeftOut(Answer):
    """A field that a job leaves to one of its models, and what it gets."""

    model: str
    field: str
    value: str | int | float
    origin: Literal["job", "model", "language"]


class Planned(Answer):
    """What a farm knows about a plan that nobody else does."""

    gpu_seconds: float | None
    finish_seconds: float | None
    measured: Text
    linked: int | None = None
    left_out: list[LeftOut] | None = None
    warnings: list[Text]


class Failure(Answer):
    """Why a variant has no picture."""

    code: Text = ""
    message: Text = ""


class Record(Answer):
    """One variant's outcome. `key` is its picture's URI in storage; `link` is a URL for some minutes, or empty."""

    index: int
    state: Text = ""
    image: Text = ""
    key: Text = ""
    link: Text = ""
    sha256: Text = ""
    size: Whole = 0
    seed: int | None = None
    mark: Text = ""
    error: Failure | None = None


class Records(Answer):
    """A page of outcomes, in the order of their indexes."""

    records: list[Record]
    next_cursor: Text = ""


class Worker(Answer):
    """A worker as it last announced itself."""

    id: str
    device: Text = ""
    device_name: Text = ""
    backend: Text = ""
    models: list[str] = Field(default_factory=list)
    slots: Whole = 0
    busy: Whole = 0
    seen_at: Seconds = 0
    rendered: Whole = 0
    drained: bool = False
    loading: dict[Text, Whole] = Field(default_factory=dict)


class Workers(Answer):
    """Everybody who announced themselves lately."""

    workers: list[Worker]


class ModelDefaults(Answer):
    """What a job of a model gets where it says nothing; None where an older server doesn't tell."""

    strength: float | None = None
    cfg_scale: float | None = None
    sampler: Text = ""
    steps: int | None = None


class Model(Answer):
    """A row of the model table."""

    alias: str
    family: Text = ""
    width: Whole = 0
    height: Whole = 0
    default: bool = False
    defaults: ModelDefaults = ModelDefaults()
    description: Text = ""


class Models(Answer):
    """The model table."""

    models: list[Model]
