"""What the API answers, as documented models: the ledger's views, with units, examples and links between them."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Literal, Self

from pydantic import BaseModel, Field

from api.doctor import Finding
from api.readiness import Check
from api.recovery import Recovered
from api.why import Why
from jobs.ledger.views import JobView, plain_models
from jobs.state import Lane, State


class Links(BaseModel):
    """Where everything about a job is, as paths on this host."""

    self: str
    manifest: str = Field(description="the job spec, as frozen when it was accepted")
    results: str = Field(description="the variants that have an outcome, page by page")
    events: str = Field(description="what happens, as server-sent events")
    sheet: str = Field(description="the contact sheet, once the job is finished")


class Webhook(BaseModel):
    """Where the end of a job is told, and how that went."""

    url: str
    state: str = Field(description="waiting (for the end), pending, delivered or failed")
    attempts: int
    said: str = Field(description="why the last try failed; empty otherwise")


class Job(BaseModel):
    """A job as it stands. Times are Unix seconds on the ledger's clock, null for what has not happened."""

    id: str = Field(examples=["01hzx3v9q2m5k8"])
    name: str = Field(examples=["autumn-catalogue"])
    labels: dict[str, str] = Field(description="the caller's own words", examples=[{"season": "autumn"}])
    caller: str = Field(description="whose it is", examples=["default"])
    state: State
    reason: str = Field(description="why it is paused (in `planning`: will be), failed or cancelled; or empty")
    lane: Lane
    models: list[str] = Field(description="aliases of the model table", examples=[["sdxl"]])
    spec_hash: str = Field(description="of the frozen spec: equal hashes, equal pictures")
    results_uri: str = Field(examples=["s3://pentimento/default/01hzx3v9q2m5k8/"])
    count: int = Field(description="variants to make; 0 until the job is planned, where it can't be known sooner")
    total: int = Field(description="positions in the whole product, excluded ones included")
    settled: int = Field(description="variants with a picture")
    refused: int = Field(description="variants without one, for a recorded reason")
    open: int = Field(description="variants that have no outcome yet")
    leased: int = Field(description="variants that a worker has now")
    waiting: int = Field(description="variants that will be tried again later")
    causes: dict[str, int] = Field(description="refused variants by error code", examples=[{"image_not_found": 2}])
    linked: int = Field(description="pictures that are those of the job that this one extends; once it is written")
    stars: int = Field(description="pictures that somebody starred")
    rejects: int = Field(description="pictures that somebody rejected")
    created_at: float
    started_at: float | None
    finished_at: float | None
    written: bool = Field(description="results.jsonl, errors.jsonl and the sheet are stored")
    budget_images: int | None = Field(description="pictures after which it pauses; null for no bound")
    budget_gpu_seconds: float | None = Field(description="seconds of the device after which it pauses")
    gpu_seconds: float = Field(description="of the device, used so far")
    webhook: Webhook | None
    links: Links

    @classmethod
    def of(cls, view: JobView) -> Self:
        """The ledger's view as the API shows it."""
        here = f"/v1/jobs/{view.id}"
        return cls(
            id=view.id,
            name=view.name,
            labels=dict(view.labels),
            caller=view.caller,
            state=view.state,
            reason=view.reason,
            lane=view.lane,
            models=list(plain_models(view.models)),
            spec_hash=view.spec_hash,
            results_uri=view.results_uri,
            count=view.count,
            total=view.total,
            settled=view.settled,
            refused=view.refused,
            open=view.open,
            leased=view.leased,
            waiting=view.waiting,
            causes=dict(view.causes),
            linked=view.linked,
            stars=view.stars,
            rejects=view.rejects,
            created_at=view.created_at,
            started_at=view.started_at or None,
            finished_at=view.finished_at or None,
            written=view.written,
            budget_images=view.budget_images,
            budget_gpu_seconds=view.budget_gpu_seconds,
            gpu_seconds=round(view.gpu_seconds, 3),
            webhook=Webhook.model_validate(asdict(view.webhook)) if view.webhook else None,
            links=Links(
                self=here,
                manifest=f"{here}/manifest",
                results=f"{here}/results",
                events=f"{here}/events",
                sheet=f"{here}/sheet",
            ),
        )


class JobList(BaseModel):
    """Jobs, newest first."""

    jobs: list[Job]
    next_cursor: str | None = Field(description="for `?cursor=`; null on the last page")
    counts: dict[State, int] = Field(description="jobs that match everything but `state`, by their state")
    counted: bool = Field(description="false where there are more than 20,000 jobs: the counts are of the newest")


class Reasons(BaseModel):
    """Why a job, or one variant of it, is where it is."""

    job: str
    index: int | None = Field(description="null for the whole job")
    state: str = Field(
        description="of the job; of a variant: settled, refused, leased, waiting, reaped, pending or excluded"
    )
    sentences: list[str] = Field(description="most telling first")

    @classmethod
    def of(cls, why: Why) -> Self:
        """The desk's answer as the API shows it."""
        return cls(job=why.job, index=why.index, state=why.state, sentences=list(why.sentences))


class Gone(BaseModel):
    """What one round of pruning took away, or would take."""

    jobs: list[str]
    objects: int = Field(description="objects that were deleted")
    more: bool = Field(description="there is more of it: ask again")


class FindingResult(BaseModel):
    """One thing that the doctor looked at."""

    name: str = Field(examples=["redis", "workers"])
    status: Literal["ok", "warn", "bad"]
    detail: str
    remedy: str = Field(description="what to do; empty where nothing is wrong")
    repaired: str = Field(description="what was done about it, where that was asked for")


class Report(BaseModel):
    """What the doctor found."""

    well: bool = Field(description="nothing is bad")
    findings: list[FindingResult]

    @classmethod
    def of(cls, findings: Sequence[Finding]) -> Self:
        """The doctor's findings as the API shows them."""
        shown = [FindingResult.model_validate(asdict(one)) for one in findings]
        return cls(well=all(one.status != "bad" for one in shown), findings=shown)


class RecoveredJob(BaseModel):
    """A job that was found in storage."""

    restored: bool = Field(description="false where the ledger had it already")
    job: Job

    @classmethod
    def of(cls, found: Recovered) -> Self:
        """The desk's answer as the API shows it."""
        return cls(restored=found.restored, job=Job.of(found.job))


class Recovery(BaseModel):
    """One round of bringing jobs back."""

    jobs: list[RecoveredJob]
    skipped: list[str] = Field(description="folders that hold no job that could be brought back, and why")
    next_cursor: str | None = Field(description="for `cursor` of the next call; null when all was looked at")


class UploadReceipt(BaseModel):
    """An init image that is stored, by its content: the same bytes have the same URI."""

    uri: str = Field(description="for `images` of a job spec", examples=["upload://" + "9f" * 32])
    size: int = Field(description="bytes")
    sha256: str


class Demand(BaseModel):
    """Work for one kind of worker. Each count is a thousand at most."""

    chunks: int = Field(description="pieces of jobs that could be leased now")
    leases: int = Field(description="that are out, or expired: whoever holds them must not be taken away")
    duties: int = Field(description="about whole jobs (planning, finishing, webhooks) that are due")
    work: int = Field(description="what to scale on: chunks + leases + 1 where a duty is due")


class CheckResult(BaseModel):
    """One thing that the API can't work without."""

    name: str = Field(examples=["ledger", "storage"])
    ok: bool
    detail: str

    @classmethod
    def of(cls, check: Check) -> Self:
        """The desk's check as the API shows it."""
        return cls(name=check.name, ok=check.ok, detail=check.detail)


class Readiness(BaseModel):
    """Whether jobs can be accepted now; answered with 503 where one check failed."""

    ready: bool
    failed: list[str] = Field(description="names of the failed checks")
    checks: list[CheckResult]
